/**
 * The answering end of a presence stream: a home to its tab, a record node to a home. Takes leases that are signed and meant for this
 * stream, answers finds, pushes counts, and ends the other's presence when the stream ends.
 */

import type { Connection, PeerId, Stream } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import { encodeKeyHex, equalBytes } from '../keys/index.ts'
import { createFrameStream } from '../network/index.ts'
import type { Key, PeerLimits } from '../types.ts'
import { decodeLease, isLeaseSigned, type Lease, type LeaseOptions, multihashOfPeer, readPeerId, refuseTerms } from './lease.ts'
import { createPusher } from './pusher.ts'
import type { HolderRecord, RecordStore } from './record-store.ts'
import {
  decodePresence,
  encodePresence,
  type Find,
  type Found,
  type Held,
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
  limits: PeerLimits
  now(): number
  addresses(): Multiaddr[]
  servers(): PeerAddresses[]
  /** Who answers for a home that this node has heard of. */
  addressesOf(home: string): Multiaddr[]
  /** A tab's lease came, or went: its record nodes want to know. */
  announce(lease: Lease): void
  withdraw(key: Key, holder: string): void
  /** The same question to the whole network, for a tab. */
  findInNetwork(key: Key, limit: number, signal: AbortSignal): Promise<HolderRecord[]>
  watchInNetwork(key: Key, listener: (count: number) => void): () => void
  mayWatch(): boolean
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
/** Frames of one peer that wait for earlier ones to be checked. */
const MAX_WAITING_FRAMES = 4_096
/** Leases with a wrong signature before the connection is ended: an honest peer has none. */
const MAX_BAD_LEASES = 8
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
  let waiting = 0
  let queue = Promise.resolve()
  let heardAtMs = now()

  const frames = createFrameStream(stream, {
    maxFrameBytes: MAX_PRESENCE_FRAME_BYTES,
    maxUnsentBytes: MAX_UNSENT_BYTES,
    onFrame: (raw) => {
      heardAtMs = now()
      const frame = decodePresence(raw)
      if (frame.type === 'beat') return void send({ type: 'beat-back' })
      // A find must not wait behind leases whose signatures are being checked.
      if (frame.type === 'find') return onFind(frame)
      if (++waiting > MAX_WAITING_FRAMES) return end(`more than ${MAX_WAITING_FRAMES} frames waiting`)
      queue = queue
        .then(() => (frames.open ? take(frame) : undefined))
        .catch((error: unknown) => end(error instanceof Error ? error.message : String(error)))
        .finally(() => waiting--)
    },
    onEnd,
  })
  const send = (frame: PresenceFrame) => frames.send(encodePresence(frame))

  function end(reason: string): void {
    context.onRefused(peer, reason)
    connection.abort(new Error(reason))
    frames.abort(new Error(reason))
  }

  function take(frame: PresenceFrame): void | Promise<void> {
    switch (frame.type) {
      case 'hello':
        role = frame.role
        addresses = frame.addresses
        context.onHello(session)
        send({ type: 'welcome', addresses: context.addresses(), nowMs: now(), servers: context.servers() })
        return
      case 'hold':
        return onHold(frame.sequence, frame.leases)
      case 'release':
        return onRelease(frame)
      case 'watch':
        return onWatch(frame)
      case 'unwatch': {
        const id = encodeKeyHex(frame.key)
        watches.get(id)?.()
        watches.delete(id)
      }
    }
  }

  async function onHold(sequence: number, leases: Uint8Array[]): Promise<void> {
    const refused: Held['refused'] = []
    for (const [index, bytes] of leases.entries()) {
      const reason = await takeLease(bytes)
      if (reason !== undefined) refused.push({ index, reason })
      if (!frames.open) return
    }
    send({ type: 'held', sequence, refused })
  }

  async function takeLease(bytes: Uint8Array): Promise<Refusal | undefined> {
    const lease = decodeLease(bytes)
    // Nobody can announce somebody else: a tab gives its home its own leases, a home passes on those that name it.
    const isTabs = lease.holder === peer && lease.home === self
    if (!isTabs && lease.home !== peer) return countBad('a lease of somebody else')
    const terms = refuseTerms(lease, now(), options.lease)
    if (terms !== undefined) return terms
    const known = store.get(lease.key, lease.holder)
    if (
      known?.source === session &&
      known.expiresAtMs === lease.expiresAtMs &&
      known.lease !== undefined &&
      equalBytes(known.lease, lease.bytes)
    )
      return undefined
    const most = isTabs ? limits.maxLeasesPerPeer : limits.maxLeasesPerHome
    if (known?.source !== session && store.countOfSource(session) >= most) return 'leases-per-peer'
    if (!(await isLeaseSigned(lease))) return countBad('a lease with a wrong signature')
    if (!frames.open) return undefined
    const { key, holder, home, expiresAtMs } = lease
    const refusal = store.put({ key, holder, home, expiresAtMs, lease: lease.bytes, source: session })
    if (refusal === undefined && isTabs) context.announce(lease)
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
    const limit = Math.min(find.limit, limits.maxHoldersPerAnswer)
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
    const most = role === 'tab' ? limits.maxWatchesPerPeer : limits.maxWatches
    if (watches.size >= most || !context.mayWatch()) {
      send({ type: 'refused', id: 0, reason: 'watches', text: `at most ${Math.min(most, limits.maxWatches)} watches` })
      return
    }
    const push = (count: number) => void send({ type: 'count', key, count })
    if (scope === SCOPE.network) {
      watches.set(id, context.watchInNetwork(key, push))
      return
    }
    const pusher = createPusher(() => push(store.count(key)), options.pushEveryMs)
    const stop = store.onChange(key, pusher.changed)
    watches.set(id, () => {
      stop()
      pusher.stop()
    })
    push(store.count(key))
  }

  function onEnd(): void {
    clearInterval(timer)
    ended.abort(new Error('the stream has ended'))
    for (const stop of watches.values()) stop()
    watches.clear()
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
