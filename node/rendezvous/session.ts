/**
 * The answering end of a presence stream: a home to its tab, a record node to a home. Takes leases that are signed and meant for this
 * stream, answers finds, pushes counts, and ends the other's presence when the stream ends.
 */

import type { Connection, PeerId, Stream } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import { encodeKeyHex, equalBytes } from '../keys/index.ts'
import { createFrameStream, inTime } from '../network/index.ts'
import type { Key } from '../types.ts'
import { decodeLease, isLeaseSigned, type Lease, type LeaseOptions, multihashOfPeer, readPeerId, refuseTerms } from './lease.ts'
import { createPusher } from './pusher.ts'
import type { HolderRecord, RecordStore } from './record-store.ts'
import type { RendezvousLimits } from './types.ts'
import {
  decodePresence,
  encodePresence,
  type Find,
  type Found,
  type Held,
  type Hold,
  MAX_HOLDERS_TOLD,
  MAX_PRESENCE_FRAME_BYTES,
  type PeerAddresses,
  type PresenceFrame,
  type Refusal,
  type Release,
  SCOPE,
  type Watch,
} from './wire.ts'

export interface SessionOptions {
  /** A node whose stream says nothing for this long is gone, in ms. Tabs are pinged by the listener instead: their timers sleep. */
  silentNodeMs: number
  /** How long the tabs of a home that is gone are still counted, so that they can arrive through another home, in ms. */
  graceMs: number
  /** A key's watchers hear at most one count in this time, in ms: the first at once, the last of a burst at its end. */
  pushEveryMs: number
  lease: LeaseOptions
}

export interface SessionContext {
  self: PeerId
  store: RecordStore
  limits: RendezvousLimits
  now(): number
  addresses(): Multiaddr[]
  servers(): PeerAddresses[]
  /** Who answers for a home that this node has heard of. */
  addressesOf(home: string): Multiaddr[]
  /** A tab's lease came, or went: its record nodes want to know. */
  announce(lease: Lease): Promise<void>
  withdraw(key: Key, holder: string): void
  /** The same question to the whole network, for a tab. */
  findInNetwork(key: Key, limit: number, signal: AbortSignal): Promise<HolderRecord[]>
  watchInNetwork(key: Key, listener: (count: number) => void): () => void
  /** False when all the streams together watch as much as they may. */
  mayWatch(): boolean
  /** One more watch, or one less. */
  onWatch(change: 1 | -1): void
  onHello(session: Session): void
  onEnd(session: Session): void
  onRefused(peer: string, reason: string): void
}

export interface Session {
  readonly peer: string
  readonly role: 'tab' | 'node'
  readonly addresses: Multiaddr[]
  readonly leases: number
  readonly watches: number
  close(): void
}

/** What a slow reader may leave unsent before it is cut off. */
const MAX_UNSENT_BYTES = 4 * 1_048_576
/** What of one stream may wait for earlier leases to be checked, in bytes: every lease of a full home fits. */
const MAX_WAITING_BYTES = 32 * 1_048_576
/** About what a frame that waits takes, and each lease or release in it. */
const WAITING_FRAME_BYTES = 1_024
const WAITING_ITEM_BYTES = 256
/** Leases with a wrong signature before the connection is ended: an honest peer has none. */
const MAX_BAD_LEASES = 8
/** How long a tab waits for the record nodes' word, in ms: when they are silent, the home's own has to do. */
const MAX_ANNOUNCE_MS = 1_000
/** A node may take this part of all watches. */
const NODE_SHARE = 4
/** Finds in the network that one tab may have under way. */
const MAX_NETWORK_FINDS = 8
const NETWORK_FIND_MS = 3_000

export function serveSession(stream: Stream, connection: Connection, context: SessionContext, options: SessionOptions): Session {
  const { store, limits, now } = context
  const peer = connection.remotePeer.toString()
  const self = context.self.toString()
  const ended = new AbortController()
  /** By key, hex. Bounded: maxWatchesPerPeer. */
  const watches = new Map<string, () => void>()
  let role: 'tab' | 'node' = 'tab'
  let addresses: Multiaddr[] = []
  let badLeases = 0
  let networkFinds = 0
  let waitingBytes = 0
  let greeted = false
  let queue = Promise.resolve()
  let heardAtMs = now()

  const frames = createFrameStream(stream, {
    maxFrameBytes: MAX_PRESENCE_FRAME_BYTES,
    maxUnsentBytes: MAX_UNSENT_BYTES,
    onFrame: (raw) => {
      heardAtMs = now()
      const frame = decodePresence(raw)
      if ((frame.type === 'hello') === greeted) return end('a stream that does not begin with one hello')
      greeted = true
      // A find or a watch must not wait behind leases whose signatures are being checked; a release must.
      if (frame.type === 'hold') return enqueue(frame.leases.length, () => onHold(frame.sequence, frame.leases))
      if (frame.type === 'release') return enqueue(frame.records.length, () => onRelease(frame))
      take(frame)
    },
    onEnd,
  })
  const send = (frame: PresenceFrame) => frames.send(encodePresence(frame))

  function end(reason: string): void {
    context.onRefused(peer, reason)
    connection.abort(new Error(reason))
    frames.abort(new Error(reason))
  }

  function enqueue(items: number, work: () => void | Promise<void>): void {
    const bytes = WAITING_FRAME_BYTES + items * WAITING_ITEM_BYTES
    waitingBytes += bytes
    if (waitingBytes > MAX_WAITING_BYTES) {
      end(`more than ${MAX_WAITING_BYTES} bytes waiting`)
      return
    }
    queue = queue
      .then(() => (frames.open ? work() : undefined))
      .catch((error: unknown) => end(error instanceof Error ? error.message : String(error)))
      .finally(() => {
        waitingBytes -= bytes
      })
  }

  function take(frame: Exclude<PresenceFrame, Hold | Release>): void {
    switch (frame.type) {
      case 'beat':
        send({ type: 'beat-back' })
        return
      case 'find':
        onFind(frame)
        return
      case 'hello':
        role = frame.role
        addresses = frame.addresses
        context.onHello(session)
        send({ type: 'welcome', addresses: context.addresses(), nowMs: now(), servers: context.servers() })
        return
      case 'watch':
        onWatch(frame)
        return
      case 'unwatch':
        endWatch(encodeKeyHex(frame.key))
    }
  }

  async function onHold(sequence: number, leases: Uint8Array[]): Promise<void> {
    const refused: Held['refused'] = []
    const announcing: Promise<void>[] = []
    for (const [index, bytes] of leases.entries()) {
      const reason = await takeLease(bytes, announcing)
      if (reason !== undefined) refused.push({ index, reason })
      if (!frames.open) return
    }
    // A tab is told when others can find it; what comes behind in this stream does not wait for that.
    if (announcing.length === 0) send({ type: 'held', sequence, refused })
    else void inTime(Promise.all(announcing), MAX_ANNOUNCE_MS).then(() => send({ type: 'held', sequence, refused }))
  }

  async function takeLease(bytes: Uint8Array, announcing: Promise<void>[]): Promise<Refusal | undefined> {
    const lease = decodeLease(bytes)
    // Nobody can announce somebody else: a tab gives its home its own leases, a home passes on those that name it.
    const isTabs = lease.holder === peer && lease.home === self
    if (!isTabs && lease.home !== peer) return countBad('a lease of somebody else')
    const terms = refuseTerms(lease, now(), options.lease)
    if (terms !== undefined) return terms
    const known = store.get(lease.key, lease.holder)
    const isKnown = known?.lease !== undefined && equalBytes(known.lease, lease.bytes)
    if (isKnown && known.source === session) return undefined
    if (known?.lease !== undefined && lease.expiresAtMs < known.expiresAtMs) return 'older'
    const most = isTabs ? limits.maxLeasesPerPeer : limits.maxLeasesPerHome
    if (known?.source !== session && store.countOfSource(session) >= most) return 'leases-per-peer'
    // What is known was checked when it came: a home whose stream broke can tell all its leases again within the grace.
    if (!isKnown && !(await isLeaseSigned(lease))) return countBad('a lease with a wrong signature')
    if (!frames.open) return undefined
    const { key, holder, home, expiresAtMs } = lease
    const refusal = store.put({ key, holder, home, expiresAtMs, lease: lease.bytes, source: session })
    if (refusal === undefined && isTabs) announcing.push(context.announce(lease))
    return refusal
  }

  function countBad(what: string): Refusal {
    if (++badLeases >= MAX_BAD_LEASES) end(`${what}, ${badLeases} times`)
    return 'bad-lease'
  }

  function onRelease({ records }: Release): void {
    for (const { key, holder: multihash } of records) {
      const holder = readPeerId(multihash).toString()
      const record = store.get(key, holder)
      if (!store.remove(key, holder, session)) continue
      if (record?.home === self) context.withdraw(key, holder)
    }
  }

  function onFind(find: Find): void {
    const limit = Math.min(find.limit, limits.maxHoldersPerAnswer, MAX_HOLDERS_TOLD)
    if (find.scope === SCOPE.own) return void send(answer(find, store.sample(find.key, limit)))
    if (networkFinds >= MAX_NETWORK_FINDS) {
      send({ type: 'refused', id: find.id, reason: 'busy', text: `at most ${MAX_NETWORK_FINDS} finds at once` })
      return
    }
    networkFinds++
    context
      .findInNetwork(find.key, limit, AbortSignal.any([ended.signal, AbortSignal.timeout(NETWORK_FIND_MS)]))
      .then((records) => send(answer(find, records)))
      .catch(() => send(answer(find, [])))
      .finally(() => networkFinds--)
  }

  function answer(find: Find, records: HolderRecord[]): Found {
    const homes = new Map<string, PeerAddresses>()
    for (const { home } of records) {
      const known = home === self ? context.addresses() : context.addressesOf(home)
      if (known.length > 0) homes.set(home, { peer: multihashOfPeer(home), addresses: known })
    }
    return {
      type: 'found',
      id: find.id,
      leases: records.flatMap(({ lease }) => (lease === undefined ? [] : [lease])),
      stock: records.flatMap(({ lease, holder, expiresAtMs }) =>
        lease === undefined ? [{ peer: multihashOfPeer(holder), expiresAtMs }] : [],
      ),
      homes: [...homes.values()],
      count: store.count(find.key),
    }
  }

  function onWatch({ key, scope }: Watch): void {
    const id = encodeKeyHex(key)
    if (watches.has(id)) return
    // Anybody may say that it is a node: one alone must not take what all share.
    const most = role === 'tab' ? limits.maxWatchesPerPeer : Math.max(limits.maxWatchesPerPeer, Math.floor(limits.maxWatches / NODE_SHARE))
    if (watches.size >= most || !context.mayWatch()) {
      send({ type: 'refused', id: 0, reason: 'watches', text: `at most ${Math.min(most, limits.maxWatches)} watches` })
      return
    }
    let inNetwork = 0
    const count = () => (scope === SCOPE.network ? inNetwork : store.count(key))
    const pusher = createPusher(() => send({ type: 'count', key, count: count() }), options.pushEveryMs)
    const stop =
      scope === SCOPE.network
        ? context.watchInNetwork(key, (newest) => {
            inNetwork = newest
            pusher.changed()
          })
        : store.onChange(key, pusher.changed)
    context.onWatch(1)
    watches.set(id, () => {
      stop()
      pusher.stop()
      context.onWatch(-1)
    })
    if (scope === SCOPE.own) pusher.changed()
  }

  function endWatch(id: string): void {
    const stop = watches.get(id)
    watches.delete(id)
    stop?.()
  }

  function onEnd(): void {
    clearInterval(timer)
    ended.abort(new Error('the stream has ended'))
    for (const id of [...watches.keys()]) endWatch(id)
    // Its own word goes with it; the tabs of a home that is gone may be on their way through another.
    for (const { key, holder, home } of store.removeSource(session, ({ holder }) => holder === peer)) {
      if (home === self) context.withdraw(key, holder)
    }
    if (store.countOfSource(session) > 0) setTimeout(() => store.removeSource(session), options.graceMs)
    context.onEnd(session)
  }

  const timer = setInterval(() => {
    if (role === 'node' && now() - heardAtMs > options.silentNodeMs) end(`nothing heard for ${now() - heardAtMs} ms`)
  }, options.silentNodeMs / 8)

  const session: Session = {
    peer,
    get role() {
      return role
    },
    get addresses() {
      return addresses
    },
    get leases() {
      return store.countOfSource(session)
    },
    get watches() {
      return watches.size
    },
    close: () => frames.close(),
  }
  return session
}
