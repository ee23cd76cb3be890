/** Hold, find, watch: puts the parts of presence together for one peer, node or tab. */

import { type Libp2p, type PeerId, setMaxListeners } from '@libp2p/interface'
import { peerIdFromMultihash } from '@libp2p/peer-id'
import { concatBytes } from '@noble/hashes/utils.js'
import { decode as decodeDigest } from 'multiformats/hashes/digest'
import { onAbort } from '../async/abort.ts'
import type { Quota } from '../async/quota.ts'
import { MayflyError } from '../errors.ts'
import { encodeKeyHex, sha256AtOnce } from '../keys/index.ts'
import type { Supervisor } from '../network/index.ts'
import type { AbortOptions, Key } from '../types.ts'
import type { Announcer } from './announcer.ts'
import type { RendezvousContext } from './context.ts'
import { createDirectory } from './directory.ts'
import type { FoundHolder } from './found-holders.ts'
import type { hearAgain } from './hear-again.ts'
import { createHolds, type HoldsContext } from './holds.ts'
import { createHome } from './home.ts'
import type { createHomeService } from './home-service.ts'
import { type LeaseOptions, signLease } from './lease.ts'
import { RENDEZVOUS_DEFAULTS, type RendezvousOptions } from './options.ts'
import { type createNodePlacement, createTabPlacement } from './placement.ts'
import { createPresenceClient } from './presence-client.ts'
import type { createPresenceServer } from './presence-server.ts'
import { createPresenceStreams } from './presence-streams.ts'
import type { createServerCompany } from './server-company.ts'
import { createTimekeeping } from './timekeeping.ts'
import type { FindOptions, Hold, Holder, HolderCounts, RendezvousLimits } from './types.ts'
import type { Watcher } from './watcher.ts'
import { MARK_BYTES } from './wire.ts'
import { SCOPE, type WelcomeFrame } from './wire-frames.ts'

const SWEEP_MS = 5_000
/** Homes of one key that are told at once of something for its holders. */
const MAX_HOMES = 1_024

/** Shared by the peers of one browser, which are one person at each key. */
type BrowserSecret = { browserSecret?: Uint8Array | undefined }

/** Hold, find and watch are described at `Rendezvous`. */
export type RendezvousService = ReturnType<typeof createRendezvous>

/** Makes a node's server of presence, which has the node's record store. */
type CreatePresenceServer = (
  libp2p: Libp2p,
  tabs: Quota,
  context: Omit<Parameters<typeof createPresenceServer>[2], 'store' | 'giveNow'>,
  options: Parameters<typeof createPresenceServer>[3],
) => ReturnType<typeof createPresenceServer>

/** The parts of a node's presence, which a page's library leaves out. */
export interface NodePresence {
  createServer: CreatePresenceServer
  createPlacement: typeof createNodePlacement
  createHomeService: typeof createHomeService<PeerId>
  hearAgain: typeof hearAgain
  createServerCompany: typeof createServerCompany
}

/** @param node needed for a node; a tab serves nobody */
export function createRendezvous(
  context: RendezvousContext,
  limits: RendezvousLimits,
  options: RendezvousOptions & BrowserSecret = {},
  node?: NodePresence,
) {
  const { overlay, supervisor, store, tabs, emit, clock, random } = context
  const { libp2p, role, servers, records } = overlay
  const settings = { ...RENDEZVOUS_DEFAULTS, ...options }
  const isNode = role === 'node'
  const scope = isNode ? SCOPE.own : SCOPE.network
  let life: AbortController | undefined
  const onRefused = (peer: string, reason: string) => emit({ type: 'refused', peer, reason })
  const company = node?.createServerCompany(context, onRefused, settings)
  const directory = createDirectory(libp2p, supervisor, context.addresses, records)
  const { isWanted = servers.has } = company ?? {}
  const streams = createPresenceStreams({ libp2p, role, isWanted, isEntrance: supervisor.isToBeJoined, random }, settings)
  const home = isNode ? undefined : createHome(libp2p, streams, clock.follow)
  const placement = node?.createPlacement(servers, company?.groups) ?? createTabPlacement(() => home?.peer)
  const asking = { placement, servers, store, streams, homes: { ...directory, rememberHome: company?.rememberHome }, clock }
  const answers = { ...settings, scope, holdersPerAnswer: limits.maxHoldersPerAnswer }
  const client = createPresenceClient<PeerId>({ ...asking, onBadAnswer: onRefused }, answers)
  const { announcer, watcher, finder } = client
  const holds = createOwnHolds(context, announcer, {
    maxHolds: isNode ? limits.maxLeasesPerHome : limits.maxLeasesPerPeer,
    home: () => (isNode ? libp2p.peerId : home?.peer),
    lease: settings.lease,
    browserSecret: options.browserSecret,
  })
  const serving = { directory, supervisor, records, clock, onRefused }
  const server = node?.createServer(libp2p, tabs, { ...serving, service: node.createHomeService(client) }, { ...settings, limits })
  const timekeeping = createTimekeeping({ clock, supervisor, holds, server, hearAgain: node?.hearAgain, store, watcher, streams })

  streams.listen({
    ...company?.listener,
    needs: client.needs,
    onOpen(stream) {
      client.onStream(stream)
      if (isNode) emit({ type: 'joined', peer: stream.id })
    },
    onWelcome(stream, welcome) {
      directory.rememberAddresses(stream.peer, welcome.addresses)
      if (!rememberServers(welcome, supervisor)) onRefused(stream.id, 'a server with a bad peer id')
      company?.takeRecords(stream, welcome.records)
    },
    onCount: watcher.onCount,
    onTime: timekeeping.onTime,
    onRefused(stream, reason, lease) {
      onRefused(stream.id, `by the other end: ${reason}`)
      if (lease !== undefined) announcer.onRefused(stream, lease, reason)
    },
    onEnd(stream, reason) {
      timekeeping.onStreamEnd(stream)
      client.onStreamEnd(stream)
      home?.onStreamEnd(stream)
      if (life === undefined) return
      if (company?.isWanted(stream.peer)) streams.keepOpen(stream.peer)
      emit({ type: 'left', peer: stream.id, reason: reason?.message ?? 'closed' })
    },
  })
  home?.onChange((peer) => {
    holds.rehome()
    void watcher.refresh()
    if (peer !== undefined) emit({ type: 'joined', peer: peer.toString() })
  })

  function onServersChange(): void {
    company?.nearest(settings.maxLinks / 2).forEach(streams.keepOpen)
    client.refresh()
  }

  company?.attach(client, server, asking)

  function mustBeStarted(): AbortSignal {
    if (life === undefined) throw new MayflyError('ERR_NOT_STARTED', 'The peer is not running')
    return life.signal
  }

  const watchPeople = (key: Key, options?: AbortOptions) => countsWithin(limits.maxWatches, watcher, mustBeStarted, key, options)
  const isJoined = () => (isNode ? !supervisor.hasJoins || servers.size > 0 : home?.peer !== undefined)

  return {
    get home() {
      return home?.peer
    },
    /** A tab has a `home`, another one, or none. Returns the function that ends it. */
    onHome: (listener: (home: PeerId | undefined) => void) => home?.onChange(listener) ?? (() => {}),
    /** True while this peer is in the overlay; a node that joins nobody is. */
    get isJoined() {
      return isJoined()
    },
    get counts() {
      return {
        tabs: tabs.size,
        leases: announcer.size,
        records: store.size,
        watches: watcher.size + (server?.watches ?? 0),
        knownServers: 0,
        groupBits: 0,
        ...company?.counts,
      }
    },
    hold(key: Key, content?: Uint8Array): Hold {
      mustBeStarted()
      return holds.hold(key, content)
    },
    async *find(key: Key, options?: FindOptions): AsyncGenerator<Holder> {
      mustBeStarted()
      await timekeeping.awake(options)
      yield* withoutRecords(finder.find(key, options), isJoined)
    },
    watch: (key: Key, options?: AbortOptions) => holdersAlone(watchPeople(key, options)),
    watchPeople,
    /** The tabs whose home is here and that hold the key, in random order. */
    tabsHolding: (key: Key) => company?.tabsHolding(key) ?? [],
    heldByTabs: (limit: number) => company?.heldByTabs(limit) ?? [],
    /** The different homes that this peer has records of, of those who hold the key; this peer itself is one, when it or a tab of it does. */
    homesHolding: (key: Key) => store.homes(key, MAX_HOMES),
    /** Where servers of other groups are found, and dialled. */
    elsewhere: company?.elsewhere,
    /** True for a tab whose home is here. */
    isTab: (peer: string) => tabs.of(peer) > 0,
    /** As `watch`, by call-back; `isCertain` is false while no record node has answered. */
    onCount: watcher.watch,
    addressesOf: directory.addressesOf,
    /** Notices a sleep, before something that was known earlier is used. */
    checkAwake: () => void clock.monotonic(),
    async start() {
      if (life !== undefined) return
      life = new AbortController()
      setMaxListeners(Number.POSITIVE_INFINITY, life.signal) // one for each watch
      holds.start()
      home?.start()
      company?.start()
      onAbort(life.signal, () => company?.stop())
      const sweeper = setInterval(store.sweep, SWEEP_MS)
      onAbort(life.signal, () => clearInterval(sweeper))
      onAbort(life.signal, servers.onChange(onServersChange))
      timekeeping.start(life.signal)
      await server?.start()
      onServersChange()
    },
    async stop() {
      if (life === undefined) return
      life.abort()
      life = undefined
      holds.stop()
      home?.stop()
      await server?.stop()
      streams.stop()
      server?.close()
    },
  }
}

/** Nobody, where nobody could be asked, is an error. */
async function* withoutRecords(found: AsyncIterable<FoundHolder>, isJoined: () => boolean): AsyncGenerator<Holder> {
  let isAny = false
  for await (const { record: _, ...holder } of found) {
    isAny = true
    yield holder
  }
  if (!isAny && !isJoined()) throw new MayflyError('ERR_NO_NETWORK', 'Cannot look for holders: not connected to the overlay')
}

/** This peer's own leases stand in its own records, too. */
function createOwnHolds(
  { overlay, store, clock, random }: RendezvousContext,
  announcer: Announcer,
  { lease, browserSecret, ...own }: Pick<HoldsContext, 'maxHolds' | 'home'> & { lease: LeaseOptions } & BrowserSecret,
) {
  const { peerId } = overlay.libp2p
  const source = {}
  return createHolds(
    {
      ...own,
      sign: (terms) => signLease(peerId, overlay.privateKey, terms),
      now: clock.now,
      random,
      announce({ key, holder, home, expiresAtMs, bytes }, content) {
        const mark = browserSecret && markOf(browserSecret, key)
        store.put({ key, holder, home, expiresAtMs, lease: bytes, source, mark: mark && encodeKeyHex(mark), content })
        return announcer.announce(key, holder, bytes, { mark, content })
      },
      withdraw(key) {
        store.remove(key, peerId.toString(), source)
        announcer.withdraw(key, peerId.toString())
      },
    },
    lease,
  )
}

/** False when one of them cannot be read. */
function rememberServers({ servers }: WelcomeFrame, supervisor: Supervisor): boolean {
  try {
    for (const { peer, addresses } of servers) supervisor.rememberServer(peerIdFromMultihash(decodeDigest(peer)), addresses)
    return true
  } catch {
    return false
  }
}

async function* countsWithin(
  maxWatches: number,
  watcher: Watcher,
  mustBeStarted: () => AbortSignal,
  key: Key,
  options: AbortOptions | undefined,
): AsyncGenerator<HolderCounts> {
  const ended = mustBeStarted()
  if (watcher.size >= maxWatches)
    throw new MayflyError('ERR_LIMIT', `Cannot watch another key: this peer watches the limit of ${maxWatches}`)
  yield* watcher.counts(key, ended, options)
}

/** The number of holders, without the changes of people alone. */
async function* holdersAlone(counts: AsyncIterable<HolderCounts>): AsyncGenerator<number> {
  let before: number | undefined
  for await (const { holders } of counts) {
    if (holders !== before) yield holders
    before = holders
  }
}

const MARK_DOMAIN = new TextEncoder().encode('mayfly-mark:')

/** The same for the peers of one browser at one key. Those at two keys cannot be told to be of one browser without the secret. */
function markOf(browserSecret: Uint8Array, key: Key): Uint8Array {
  return sha256AtOnce(concatBytes(MARK_DOMAIN, browserSecret, key)).slice(0, MARK_BYTES)
}
