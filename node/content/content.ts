/** Content by its hash, for one peer: puts together the parts that hold, fetch, read and serve it. */

import type { Libp2p } from '@libp2p/interface'
import { inTime } from '../async/abort.ts'
import { type ByteRate, createByteRate } from '../async/byte-rate.ts'
import { MayflyError } from '../errors.ts'
import { type CreateHasher, createPortableHasher, equalBytes } from '../keys/index.ts'
import type { Direct } from '../network/index.ts'
import type { RendezvousService } from '../rendezvous/index.ts'
import type { GiveNow, Hold } from '../rendezvous/types.ts'
import type { AbortOptions, Key, RefusedEvent } from '../types.ts'
import type { Candidate, FindContentOptions, KnownHolder, Reach } from './fetch/candidates.ts'
import { createEarlyFetch } from './fetch/early-fetch.ts'
import { createFetcher, type FetcherOptions } from './fetch/fetcher.ts'
import { keptKeyHex } from './format/kept-hex.ts'
import { createHeldContents, SMALL_BYTES } from './held-contents.ts'
import { createKnownOutlines } from './memory/known-outlines.ts'
import { createLivingCache } from './memory/living-cache.ts'
import { openFetched } from './opened-content.ts'
import { createContentClient } from './protocol/content-client.ts'
import { serveContent } from './protocol/content-server.ts'
import { CONTENT_PROTOCOL } from './protocol/wire.ts'
import { createContentFinder, createServedContent } from './served-content.ts'
import { createDownloads, type DownloadOptions } from './swarm/download.ts'
import { createPieceFetcher } from './swarm/piece-fetcher.ts'
import type { ContentEvent, ContentLimits, ContentStore, FetchPiece, OpenedContent, Receiving } from './types.ts'

/** The part of presence that content uses. */
export type Presence = Pick<RendezvousService, 'hold' | 'find' | 'tabsHolding' | 'isTab' | 'onCount' | 'checkAwake' | 'home' | 'onHome'>

/** Parts that the owner of the peer hands in. */
interface GivenParts {
  /** A native hasher, where there is one. */
  createHasher?: CreateHasher | undefined
  fetchPiece?: FetchPiece | undefined
  /** The addresses that a tab joins. */
  join?: readonly string[] | undefined
}

interface ContentContext extends GivenParts {
  libp2p: Libp2p
  role: 'node' | 'tab'
  limits: ContentLimits
  presence: Presence
  /** Set in a tab that can connect to other tabs directly. */
  direct?: Direct | undefined
  emit(event: ContentEvent | RefusedEvent): void
}

export interface ContentGiving {
  /** Resolves when the rate of a peer allows it so many bytes. @throws signal.reason, when aborted */
  mayGive(to: string, bytes: number, options: Required<AbortOptions>): Promise<void>
  /** See `GiveNow` of presence. */
  giveNow: GiveNow
  /** Tells that a peer was given a piece that `givePiece` has read, or whole content. @param key hex */
  gave(key: string, bytes: number, to: string, isPiece: boolean): void
}

export interface ContentService extends ContentStore {
  readonly counts: { held: number; heldBytes: number; cacheBytes: number; bytesServed: number; bytesFetched: number }
  /**
   * Others find here, by this key, the contents that are held with `isPart`; a tab stays reachable directly for as long.
   *
   * @throws {MayflyError} ERR_NOT_STARTED, ERR_LIMIT
   */
  holdParts(key: Key): Hold
  receive(key: Key, options: DownloadOptions): Receiving
  open(key: Key, options?: FindContentOptions): Promise<OpenedContent>
  /** For what is given by another protocol. A peer without content gives none. */
  readonly giving?: ContentGiving
  start(): Promise<void>
  stop(): Promise<void>
}

/** How long `hold` waits until a record node has the record, in ms. */
const MAX_ANNOUNCE_MS = 2_000
/** Streams that one peer may have open at once: one is enough, and a reconnecting peer may have two. */
const MAX_STREAMS = 4
const NEVER = new AbortController().signal

/** Holds the key, and keeps this tab reachable directly for as long. */
function holdReachable(presence: Presence, direct: Direct, key: Key): Hold {
  const hold = presence.hold(key)
  const endNeed = direct.need()
  return {
    key,
    announced: hold.announced,
    release() {
      endNeed()
      return hold.release()
    },
  }
}

/** Small content, its bytes given, travels with the lease. @param isReachable whether a tab is to be reached directly */
const createAnnounce = (presence: Presence, direct: Direct | undefined) => (key: Key, isReachable: boolean, bytes?: Uint8Array) =>
  direct && isReachable ? holdReachable(presence, direct, key) : presence.hold(key, bytes)

/** @param emit counts what is given @param tell does not, for what was counted as it was read */
function createGiving(rate: ByteRate, emit: (event: ContentEvent) => void, tell: typeof emit): ContentGiving {
  return {
    async mayGive(to, size, { signal }) {
      if (rate.isLimited) await rate.take(to, size, { signal })
    },
    giveNow(key, bytes, to) {
      if (!rate.takeNow(to, bytes)) return false
      emit({ type: 'served', key, bytes, to, isDirect: false })
      return true
    },
    gave: (key, bytes, to, isPiece) => (isPiece ? tell : emit)({ type: 'served', key, bytes, to, isDirect: false }),
  }
}

export function createContent(context: ContentContext, options: FetcherOptions = {}): ContentService {
  const { libp2p, limits, presence, direct, role } = context
  const self = libp2p.peerId.toString()
  const createHasher = context.createHasher ?? createPortableHasher
  const bytes = { served: 0, fetched: 0 }
  let isStarted = false

  const emit = (event: ContentEvent | RefusedEvent) => {
    if (event.type === 'fetched' || event.type === 'received') bytes.fetched += event.bytes
    if (event.type === 'served') bytes.served += event.bytes
    if (event.type === 'served' && event.isDirect) direct?.used(event.to)
    if (event.type === 'received' && event.isDirect) direct?.used(event.from)
    context.emit(event)
  }
  const onReceived = (key: Key, size: number, { peer, isDirect = false }: Candidate) =>
    emit({ type: 'received', key: keptKeyHex(key), bytes: size, from: peer, isDirect })
  const onCount = presence.onCount.bind(presence)
  const announce = createAnnounce(presence, direct)
  const tabsHolding = (key: Key) => presence.tabsHolding(key)
  const rate = createByteRate({ bytesPerSecond: () => limits.maxPeerBytesPerSecond })
  const held = createHeldContents({ limits, createHasher, announce, emit })
  const cache = createLivingCache(limits.maxCacheBytes, onCount, presence.checkAwake)
  const outlines = createKnownOutlines()
  const client = createContentClient({ libp2p, maxWholeBytes: limits.maxPieceBytes, direct, fetchPiece: context.fetchPiece })
  const fetcher = createFetcher(
    {
      self,
      client,
      tabsHolding,
      find: (key, abort) => presence.find(key, role === 'node' ? { ...abort, maxContentBytes: SMALL_BYTES } : abort),
      home: () => presence.home,
      ...(direct && { directAddresses: (holder: KnownHolder) => direct.addressesOf(holder) }),
      emit,
    },
    options,
  )
  const fetchEarly = role === 'tab' ? createEarlyFetch({ ...context, emit }) : undefined
  const finder = createContentFinder({ self, held, cache, outlines, fetcher, fetchEarly, keepsFetched: role === 'node' })
  const pieces = createPieceFetcher({
    client,
    fetcher,
    cache: role === 'node' ? cache : undefined,
    hasTabs: (key) => tabsHolding(key).length > 0,
    ...{ onCount, onReceived },
  })
  const downloads = createDownloads({
    findOutline: ({ key, outline, bundle, known }, signal) =>
      finder.find(key, 'network', { outline, signal, ...(bundle && { bundle }), ...(known && { known }) }),
    hold: (key) => announce(key, true),
    onCount,
    openSwarm: (content) => pieces.openSwarm(content, 'network', { isPatient: true }),
    onReceived,
  })
  const find = (key: Key, reach: Reach, abort: FindContentOptions) => finder.find(key, reach, abort, downloads.outlineOf(key))
  const served = createServedContent({ held, outlines, downloads, pieces, presence, find })

  const requireStarted = () => {
    if (!isStarted) throw new MayflyError('ERR_NOT_STARTED', 'The peer is not running')
  }

  return {
    get counts() {
      return {
        held: held.store.size,
        heldBytes: held.store.bytes,
        cacheBytes: cache.bytes,
        bytesServed: bytes.served,
        bytesFetched: bytes.fetched,
      }
    },
    async hold(content, { isPart, ...options } = {}) {
      requireStarted()
      const described = await held.describe(content, options)
      requireStarted()
      const { key, outlineHash: outline, source } = described
      const wasHeld = held.store.get(key) !== undefined
      const hold = held.hold(described, isPart)
      if (hold !== undefined) {
        await downloads.end(key)
        // A link that is handed out at once must be found at once. A tab without a home yet is found later.
        if (role === 'node' || presence.home !== undefined) await inTime(hold.announced, MAX_ANNOUNCE_MS)
      }
      return { key, size: source.size, ...(outline && { outline }), wasHeld }
    },
    holdParts: (key) => announce(key, true),
    release: held.release,
    check: (key, abort = {}) => held.check(key, abort),
    held: held.store.list,
    async get(key, abort = {}) {
      requireStarted()
      const found = await find(key, 'network', abort)
      if ('bytes' in found) return found
      const { size } = found.outline
      throw new MayflyError(
        'ERR_TOO_LARGE',
        `Cannot get content at once: ${size} bytes is over the limit of ${limits.maxPieceBytes}; open it to read it`,
      )
    },
    async open(key, openOptions = {}) {
      requireStarted()
      const { outline } = openOptions
      const proven = held.store.get(key)?.outlineHash ?? outlines.trusted(key)
      if (proven !== undefined && outline !== undefined && !equalBytes(proven, outline)) {
        throw new MayflyError('ERR_UNAVAILABLE', 'Cannot open content: the link carries the hash of another outline')
      }
      return openFetched(await find(key, 'network', openOptions), outline, {
        ...{ held, outlines, createHasher },
        distrust: fetcher.distrust,
        freePiece: pieces.free,
        readPiece: (content, index, signal) => served.getPiece(content, index, 'network', { signal }),
      })
    },
    async givePiece(piece, { signal = NEVER } = {}) {
      requireStarted()
      const given = await served.give(piece, { signal })
      if (piece.index !== 'outline') bytes.served += given.byteLength
      return given
    },
    giving: createGiving(rate, emit, context.emit),
    receive(key, receiveOptions) {
      requireStarted()
      return downloads.start(key, receiveOptions)
    },
    ...{ has: finder.has, isInMemory: finder.isInMemory, knows: finder.knows },
    async start() {
      if (isStarted) return
      isStarted = true
      const upload = {
        content: served,
        rate,
        onServed: (key: string, size: number, to: string, isDirect: boolean) => emit({ type: 'served', key, bytes: size, to, isDirect }),
      }
      await libp2p.handle(CONTENT_PROTOCOL, (stream, connection) => serveContent(stream, connection, upload), {
        maxInboundStreams: MAX_STREAMS,
        maxOutboundStreams: MAX_STREAMS,
      })
    },
    async stop() {
      if (!isStarted) return
      isStarted = false
      cache.clear()
      await downloads.stop()
      pieces.stop()
      client.stop()
      await held.stop()
      await libp2p.unhandle(CONTENT_PROTOCOL)
    },
  }
}
