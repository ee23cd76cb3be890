/** Hold, find, watch: puts the parts of presence together for one peer, node or tab. */

import { type Connection, type Libp2p, type PeerId, type PrivateKey, type Stream, setMaxListeners } from '@libp2p/interface'
import { peerIdFromMultihash } from '@libp2p/peer-id'
import type { Multiaddr } from '@multiformats/multiaddr'
import { decode as decodeDigest } from 'multiformats/hashes/digest'
import { MayflyError } from '../errors.ts'
import { type RoutingTable, raceAbort, type Supervisor } from '../network/index.ts'
import type { NetworkEvent } from '../network/types.ts'
import type { AbortOptions, Key, RefusedEvent } from '../types.ts'
import { createAnnouncer } from './announcer.ts'
import { createFinder } from './finder.ts'
import { createHolds } from './holds.ts'
import { createHome } from './home.ts'
import { LEASE_DEFAULTS, type LeaseOptions } from './lease.ts'
import { createLinks } from './links.ts'
import { createNodePlacement, createTabPlacement } from './placement.ts'
import type { HolderRecord, RecordStore } from './record-store.ts'
import { type Session, serveSession } from './session.ts'
import type { Holder, Rendezvous, RendezvousLimits } from './types.ts'
import { createWatcher } from './watcher.ts'
import { type PeerAddresses, PRESENCE_PROTOCOL, SCOPE } from './wire.ts'

export interface RendezvousOptions {
  lease?: LeaseOptions
  /** Between two beats of a node's link, in ms; a tab beats a fifth as often. */
  beatMs?: number
  /** A node that has said nothing for this long is gone, in ms. */
  silentMs?: number
  /** How long the tabs of a home that is gone are still counted, in ms. */
  graceMs?: number
  /** A key's watchers hear at most one count in this time, in ms. */
  pushEveryMs?: number
  /** How long none of the servers that a find asks at once may be heard of before those who are silent are given up, in ms. */
  askTimeoutMs?: number
  /** How many servers are asked before the answer is "nobody". */
  maxServersAsked?: number
  /** Presence streams that this peer opens at once. */
  maxLinks?: number
}

export const RENDEZVOUS_DEFAULTS: Readonly<Required<RendezvousOptions>> = {
  lease: LEASE_DEFAULTS,
  beatMs: 3_000,
  silentMs: 9_000, // with the grace below: a stopped home's tabs are out of every answer within 15 s
  graceMs: 3_000,
  pushEveryMs: 100,
  askTimeoutMs: 1_000,
  maxServersAsked: 64,
  maxLinks: 256,
}

export interface RendezvousContext {
  libp2p: Libp2p
  privateKey: PrivateKey
  role: 'node' | 'tab'
  servers: RoutingTable
  supervisor: Supervisor
  store: RecordStore
  limits: RendezvousLimits
  /** False while a node that was told to join somebody has not reached anybody. */
  isJoined(): boolean
  emit(event: NetworkEvent | RefusedEvent): void
  now(): number
  random(): number
}

export interface RendezvousService extends Rendezvous {
  /** The tabs whose home is here and that hold the key, in random order. */
  tabsHolding(key: Key): string[]
  /** The different homes that this peer has records of, of those who hold the key; this peer itself is one, when it or a tab of it does. */
  homesHolding(key: Key): string[]
  /** True for a tab whose home is here. */
  isTab(peer: string): boolean
  /** As `watch`, by call-back; `isCertain` is false while no record node has answered. */
  onCount(key: Key, listener: (count: number, isCertain: boolean) => void): () => void
  readonly home: PeerId | undefined
  readonly counts: { tabs: number; leases: number; records: number; watches: number }
  /** What holds for the sources of kad-dht's own provider records. */
  sourceOf(peer: string): object
  addressesOf(home: string): Multiaddr[]
  start(): Promise<void>
  stop(): Promise<void>
}

/** Addresses of homes and servers heard of; oldest out first. */
const MAX_HEARD = 2_048
/** How long a tab waits for a server to welcome it before it tries another, in ms. */
const WELCOME_MS = 2_000
const SWEEP_MS = 5_000
/** Homes of one key that are told at once of something for its holders. */
const MAX_HOMES = 1_024

export function createRendezvous(context: RendezvousContext, options: RendezvousOptions = {}): RendezvousService {
  const { libp2p, role, servers, supervisor, store, limits, emit, random } = context
  const settings = { ...RENDEZVOUS_DEFAULTS, ...options }
  const isNode = role === 'node'
  const self = libp2p.peerId
  const own = {}
  /** How far the home's clock is ahead of a tab's, in ms. */
  let clockOffsetMs = 0
  let started = false
  let life = new AbortController()
  let sweeper: ReturnType<typeof setInterval> | undefined
  const now = () => context.now() + clockOffsetMs

  const sessions = new Set<Session>()
  /** What all sessions watch. */
  let sessionWatches = 0
  const stockSources = new Map<string, object>()
  const heard = new Map<string, Multiaddr[]>()

  const hear = (peer: PeerId, addresses: Multiaddr[]) => {
    const id = peer.toString()
    heard.delete(id)
    heard.set(id, addresses)
    const oldest = heard.size > MAX_HEARD ? heard.keys().next().value : undefined
    if (oldest !== undefined) heard.delete(oldest)
    supervisor.learn(peer, addresses)
  }
  const addressesOf = (peer: string) => heard.get(peer) ?? []

  const links = createLinks(
    {
      libp2p,
      role,
      addresses: () => (isNode ? libp2p.getMultiaddrs() : []),
      isWanted: (peer) => servers.has(peer),
      random,
    },
    {
      onOpen: (link) => {
        announcer.onLink(link)
        watcher.onLink(link)
        if (isNode) emit({ type: 'joined', peer: link.id })
      },
      onWelcome: (link, welcome) => {
        hear(link.peer, welcome.addresses)
        for (const { peer, addresses } of welcome.servers) {
          try {
            supervisor.learn(peerIdFromMultihash(decodeDigest(peer)), addresses)
          } catch {
            emit({ type: 'refused', peer: link.id, reason: 'told of a server whose peer id cannot be read' })
          }
        }
      },
      onCount: (link, key, count) => watcher.onCount(link, key, count),
      onRefused: (link, reason) => emit({ type: 'refused', peer: link.id, reason: `by the other end: ${reason}` }),
      onEnd: (link, reason) => {
        watcher.onLinkEnd(link)
        home?.onLinkEnd(link)
        if (!started) return
        if (isNode && servers.has(link.peer)) links.keepOpen(link.peer)
        emit({ type: 'left', peer: link.id, reason: reason?.message ?? 'closed' })
      },
    },
    {
      beatMs: isNode ? settings.beatMs : settings.beatMs * 5,
      silentMs: settings.silentMs,
      openTimeoutMs: 3_000,
      maxLinks: settings.maxLinks,
      isNeeded: (peer) => announcer.needs(peer) || watcher.needs(peer),
    },
  )

  const home = isNode
    ? undefined
    : createHome({
        libp2p,
        open: async (peer) => {
          const link = await links.open(peer)
          // A tab takes the time from its home, and from nobody else that it asks: before it signs what its home will read.
          clockOffsetMs = await raceAbort(link.welcomed, AbortSignal.timeout(WELCOME_MS))
          return link
        },
        onChange: (peer) => {
          holds.rehome()
          void watcher.refresh()
          if (peer !== undefined) emit({ type: 'joined', peer: peer.toString() })
        },
      })

  const placement = isNode ? createNodePlacement(servers) : createTabPlacement(() => home?.peer)
  const announcer = createAnnouncer(placement, links.get, links.keepOpen)
  const watcher = createWatcher({ placement, store, scope: isNode ? SCOPE.own : SCOPE.network, link: links.get, keepOpen: links.keepOpen })
  const finder = createFinder(
    {
      placement,
      servers,
      store,
      scope: isNode ? SCOPE.own : SCOPE.network,
      holdersPerAnswer: limits.maxHoldersPerAnswer,
      open: (peer, abort) => links.open(peer, abort),
      addressesOf: (peer) => addressesOf(peer).map(String),
      now,
      onBadAnswer: (peer, reason) => emit({ type: 'refused', peer, reason }),
    },
    { askTimeoutMs: settings.askTimeoutMs, maxServersAsked: settings.maxServersAsked, lease: settings.lease },
  )
  const holds = createHolds(
    {
      self,
      privateKey: context.privateKey,
      maxHolds: isNode ? limits.maxLeasesPerHome : limits.maxLeasesPerPeer,
      home: () => (isNode ? self : home?.peer),
      now,
      random,
      announce: ({ key, holder, home: at, expiresAtMs, bytes }) => {
        store.put({ key, holder, home: at, expiresAtMs, lease: bytes, source: own })
        return announcer.announce(key, holder, bytes)
      },
      withdraw: (key) => {
        store.remove(key, self.toString(), own)
        announcer.withdraw(key, self.toString())
      },
    },
    settings.lease,
  )

  /** For a tab that asks: holders as they are met, not waiting for more once there are some. */
  async function findInNetwork(key: Key, limit: number, signal: AbortSignal): Promise<HolderRecord[]> {
    const records: HolderRecord[] = []
    const search = finder.find(key, { signal })[Symbol.asyncIterator]()
    let enough: Promise<undefined> | undefined
    try {
      while (records.length < limit) {
        const next = search.next()
        next.catch(() => {})
        const result = await (enough === undefined ? next : Promise.race([next, enough]))
        if (result === undefined || result.done) break
        records.push(result.value.record)
        enough ??= new Promise((resolve) => setTimeout(resolve, MORE_HOLDERS_MS, undefined))
      }
    } finally {
      search.return(undefined).catch(() => {})
    }
    return records
  }

  function onStream(stream: Stream, connection: Connection): void {
    const session = serveSession(
      stream,
      connection,
      {
        self,
        store,
        limits,
        now,
        addresses: () => libp2p.getMultiaddrs(),
        servers: () => supervisor.known(32).map(({ peer, addresses }): PeerAddresses => ({ peer: peer.toMultihash().bytes, addresses })),
        addressesOf,
        announce: ({ key, holder, bytes }) => announcer.announce(key, holder, bytes),
        withdraw: (key, holder) => announcer.withdraw(key, holder),
        findInNetwork,
        watchInNetwork: (key, listener) => watcher.watch(key, (count, isCertain) => isCertain && listener(count)),
        mayWatch: () => sessionWatches < limits.maxWatches,
        onWatch: (change) => {
          sessionWatches += change
        },
        onHello: (greeted) => {
          if (greeted.role === 'node') hear(connection.remotePeer, greeted.addresses)
        },
        onEnd: (gone) => sessions.delete(gone),
        onRefused: (peer, reason) => emit({ type: 'refused', peer, reason }),
      },
      {
        silentNodeMs: settings.silentMs,
        graceMs: settings.graceMs,
        pushEveryMs: settings.pushEveryMs,
        lease: settings.lease,
      },
    )
    sessions.add(session)
  }

  const onServersChange = () => {
    // A find is one message only on streams that are open already.
    if (isNode) for (const peer of servers.closest(new Uint8Array(32), settings.maxLinks / 2)) links.keepOpen(peer)
    void announcer.refresh()
    void watcher.refresh()
  }

  const mustBeStarted = () => {
    if (!started) throw new MayflyError('ERR_NOT_STARTED', 'The peer is not running')
  }

  let endServersChange = () => {}
  return {
    get home() {
      return home?.peer
    },
    get counts() {
      const tabs = [...sessions].filter((session) => session.role === 'tab').length
      let watches = watcher.size
      for (const session of sessions) watches += session.watches
      return { tabs, leases: announcer.size, records: store.size, watches }
    },
    hold(key) {
      mustBeStarted()
      return holds.hold(key)
    },
    async *find(key, { signal }: AbortOptions = {}): AsyncGenerator<Holder> {
      mustBeStarted()
      let any = false
      for await (const { record: _, ...holder } of finder.find(key, signal === undefined ? {} : { signal })) {
        any = true
        yield holder
      }
      if (!any && !context.isJoined()) throw new MayflyError('ERR_NO_NETWORK', 'Cannot look for holders: not connected to the overlay')
    },
    async *watch(key, { signal }: AbortOptions = {}): AsyncGenerator<number> {
      mustBeStarted()
      if (watcher.size >= limits.maxWatches)
        throw new MayflyError('ERR_LIMIT', `Cannot watch another key: this peer watches the limit of ${limits.maxWatches}`)
      let newest: number | undefined
      let wake = () => {}
      const end = watcher.watch(key, (count, isCertain) => {
        if (!isCertain) return
        newest = count
        wake()
      })
      const onAbort = () => wake()
      signal?.addEventListener('abort', onAbort)
      life.signal.addEventListener('abort', onAbort)
      try {
        while (started) {
          signal?.throwIfAborted()
          if (newest === undefined) {
            await new Promise<void>((resolve) => {
              wake = resolve
            })
            continue
          }
          const count = newest
          newest = undefined
          yield count
        }
      } finally {
        end()
        signal?.removeEventListener('abort', onAbort)
        life.signal.removeEventListener('abort', onAbort)
      }
    },
    tabsHolding(key) {
      return store
        .sample(key, 16, (record) => record.home === self.toString() && record.holder !== self.toString())
        .map(({ holder }) => holder)
    },
    homesHolding: (key) => store.homes(key, MAX_HOMES),
    isTab(peer) {
      for (const session of sessions) if (session.peer === peer && session.role === 'tab') return true
      return false
    },
    onCount: (key, listener) => watcher.watch(key, listener),
    sourceOf(peer) {
      const source = stockSources.get(peer) ?? {}
      stockSources.set(peer, source)
      return source
    },
    addressesOf,
    async start() {
      if (started) return
      started = true
      life = new AbortController()
      setMaxListeners(Number.POSITIVE_INFINITY, life.signal) // one for each watch
      holds.start()
      home?.start()
      sweeper = setInterval(() => {
        store.sweep()
        for (const [peer, source] of stockSources) if (store.countOfSource(source) === 0) stockSources.delete(peer)
      }, SWEEP_MS)
      endServersChange = servers.onChange(onServersChange)
      if (isNode) await libp2p.handle(PRESENCE_PROTOCOL, onStream, { maxInboundStreams: 4, maxOutboundStreams: 4 })
      onServersChange()
    },
    async stop() {
      if (!started) return
      started = false
      life.abort()
      endServersChange()
      clearInterval(sweeper)
      holds.stop()
      home?.stop()
      if (isNode) await libp2p.unhandle(PRESENCE_PROTOCOL)
      links.stop()
      for (const session of sessions) session.close()
    },
  }
}

/** How long a home goes on collecting holders for its tab once it has one, in ms. */
const MORE_HOLDERS_MS = 20
