/** Content by its hash, for one peer: holding, giving to others, getting from others. */

import type { Connection, Libp2p, Stream } from '@libp2p/interface'
import { createByteRate } from '../async/byte-rate.ts'
import { MayflyError } from '../errors.ts'
import { type CreateHasher, createPortableHasher, encodeKeyHex, equalBytes } from '../keys/index.ts'
import { type Direct, inTime } from '../network/index.ts'
import type { Hold, Holder } from '../rendezvous/types.ts'
import type { AbortOptions, Key, RefusedEvent } from '../types.ts'
import { createFetcher, type Fetched, type FetcherContext, type FetcherOptions, type Reach } from './fetcher.ts'
import { pieceCount, pieceSize } from './format/outline.ts'
import { outlineSource } from './format/outlining.ts'
import { fullPieceSet, type PieceFeed } from './format/piece-set.ts'
import { memorySource } from './format/source.ts'
import { swarmKey } from './format/swarm-key.ts'
import { createHeldStore, type Held } from './memory/held-store.ts'
import { createKnownOutlines } from './memory/known-outlines.ts'
import { createLivingCache } from './memory/living-cache.ts'
import { createAsking } from './protocol/asking.ts'
import type { Candidate } from './protocol/candidate.ts'
import { giveContent } from './protocol/giving.ts'
import { ASK_SCOPE, type AskScope, CONTENT_PROTOCOL, type FollowPieces } from './protocol/wire.ts'
import { type GetPiece, readPart, readUntrusted } from './reading.ts'
import { createPieces, type OutlinedContent } from './swarm/pieces.ts'
import { createReceivings } from './swarm/receivings.ts'
import type { ContentEvent, ContentLimits, ContentStore, FetchPiece, OpenedContent, OpenOptions, PieceAddress } from './types.ts'

/** What content needs of presence; handed in, since this folder stands beside others that need it too. */
export interface Presence {
  hold(key: Key): Hold
  find(key: Key, options?: AbortOptions): AsyncIterable<Holder>
  tabsHolding(key: Key): string[]
  isTab(peer: string): boolean
  onCount(key: Key, listener: (count: number, isCertain: boolean) => void): () => void
  readonly home: ReturnType<FetcherContext['home']>
}

export interface ContentContext {
  libp2p: Libp2p
  role: 'node' | 'tab'
  limits: ContentLimits
  presence: Presence
  /** Of a tab that can speak to other tabs directly. */
  direct?: Direct | undefined
  emit(event: ContentEvent | RefusedEvent): void
  /** A native one where there is one. */
  createHasher?: CreateHasher | undefined
  fetchPiece?: FetchPiece | undefined
}

export interface ContentService extends ContentStore {
  readonly counts: { held: number; heldBytes: number; cacheBytes: number; bytesServed: number; bytesFetched: number }
  start(): Promise<void>
  stop(): Promise<void>
}

/** How long holding waits for somebody to keep the record, in ms. */
const MAX_ANNOUNCE_MS = 2_000
/** Streams on which one peer may ask at once: one is enough, and a reconnecting peer may have two. */
const MAX_STREAMS = 4
const NEVER = new AbortController().signal

export function createContent(context: ContentContext, options: FetcherOptions = {}): ContentService {
  const { libp2p, limits, presence, direct } = context
  const self = libp2p.peerId.toString()
  const createHasher = context.createHasher ?? createPortableHasher
  const store = createHeldStore(limits)
  const cache = createLivingCache(limits.maxCacheBytes, (key, listener) => presence.onCount(key, listener))
  const asking = createAsking({ libp2p, maxWholeBytes: limits.maxPieceBytes, direct, fetchPiece: context.fetchPiece })
  const rate = createByteRate({ bytesPerSecond: limits.maxPeerBytesPerSecond })
  /** By key, hex. Bounded: the memory store's limits. */
  const holds = new Map<string, Hold>()
  /** By key, hex: what makes this tab reachable directly. Bounded by `holds`. */
  const reachable = new Map<string, () => void>()
  let bytesServed = 0
  let bytesFetched = 0
  let started = false

  const emit = (event: ContentEvent | RefusedEvent) => {
    if (event.type === 'fetched') bytesFetched += event.bytes
    if (event.type === 'served') bytesServed += event.bytes
    if (event.type === 'received') bytesFetched += event.bytes
    if (event.type === 'served' && event.isDirect) direct?.used(event.to)
    if (event.type === 'received' && event.isDirect) direct?.used(event.from)
    context.emit(event)
  }
  const fetcher = createFetcher(
    {
      self,
      asking,
      tabsHolding: (key) => presence.tabsHolding(key),
      find: (key, abort) => presence.find(key, abort),
      home: () => presence.home,
      ...(direct && { directAddresses: (holder: Holder) => direct.addressesOf(holder) }),
      emit,
    },
    options,
  )

  const outlines = createKnownOutlines()
  const onReceived = (key: Key, bytes: number, { ask, isDirect = false }: Candidate) =>
    emit({ type: 'received', key: encodeKeyHex(key), bytes, from: ask, isDirect })
  const pieces = createPieces({
    asking,
    fetcher,
    cache: context.role === 'node' ? cache : undefined,
    hasTabs: (key) => presence.tabsHolding(key).length > 0,
    onCount: (key, listener) => presence.onCount(key, listener),
    onReceived,
  })
  const receivings = createReceivings({
    async findOutline(key, outline, signal) {
      const found = await find(key, 'network', { outline, signal })
      if ('outline' in found && equalBytes(found.outlineHash, outline)) return found
      throw new MayflyError('ERR_UNAVAILABLE', 'Cannot receive content: it has another outline')
    },
    hold(key) {
      const hold = presence.hold(key)
      const notReachable = direct?.need()
      return {
        key,
        announced: hold.announced,
        release() {
          notReachable?.()
          return hold.release()
        },
      }
    },
    onCount: (key, listener) => presence.onCount(key, listener),
    openSwarm: (found) => pieces.openSwarm(found, 'network', { isPatient: true }),
    onReceived,
  })

  const mustBeStarted = () => {
    if (!started) throw new MayflyError('ERR_NOT_STARTED', 'The peer is not running')
  }

  /** Small content whole, larger content's outline, from here or from others. */
  async function find(key: Key, reach: Reach, options: OpenOptions): Promise<Fetched> {
    const own = store.get(key)
    if (own !== undefined) {
      const { outline, outlineBytes, outlineHash } = own
      if (outline && outlineBytes && outlineHash) return { key, outline, outlineBytes, outlineHash, from: self }
      return { key, bytes: await readOwn(own, 0, own.source.size, options), from: self }
    }
    const cached = cache.get(key)
    if (cached !== undefined) return { key, bytes: cached, from: self }
    const received = receivings.outlineOf(key)
    if (received !== undefined && (options.outline === undefined || equalBytes(options.outline, received.outlineHash))) return received
    const expected = options.outline ?? outlines.trusted(key)
    const known = expected && cache.get(key, { outlineHash: expected, index: 'outline' }) && outlines.get(key, expected)
    if (known !== undefined) return { ...known, from: self }
    const found = await fetcher.fetch(key, reach, { ...options, ...(expected && { outline: expected }) })
    if ('outline' in found) outlines.remember(found)
    if (context.role === 'node') {
      if ('bytes' in found) cache.put(key, found.bytes)
      else cache.put(key, found.outlineBytes, { outlineHash: found.outlineHash, index: 'outline' })
    }
    return found
  }

  /** What this peer holds, as it was when it was held: content that changed underneath is released, and is an error for who asked. */
  async function readOwn(own: Held, offset: number, length: number, abort: AbortOptions): Promise<Uint8Array> {
    try {
      return await own.source.read(offset, length, abort)
    } catch (cause) {
      abort.signal?.throwIfAborted()
      emit({
        type: 'refused',
        peer: self,
        reason: `released ${encodeKeyHex(own.key)}: ${cause instanceof Error ? cause.message : String(cause)}`,
      })
      void release(own.key)
      throw new MayflyError('ERR_UNAVAILABLE', 'Cannot read what is held here: it is no longer what it was', { cause })
    }
  }

  async function readPiece(content: OutlinedContent, index: number, reach: Reach, abort: Required<AbortOptions>): Promise<Uint8Array> {
    const own = store.get(content.key)
    const { outline, outlineHash } = content
    if (own?.outlineHash !== undefined && equalBytes(own.outlineHash, outlineHash)) {
      return readOwn(own, index * outline.pieceBytes, pieceSize(outline, index), abort)
    }
    const received = receivings.get(content.key, outlineHash)
    if (received?.feed?.pieces.has(index)) return received.read(index)
    return pieces.get(content, index, reach, abort)
  }

  /** What others may ask of this peer: what it or its tabs hold; its own tabs may ask for anything. */
  function reachFor(key: Key, scope: AskScope, from: string, shared?: Key): Reach {
    if (scope === ASK_SCOPE.network && presence.isTab(from)) return 'network'
    const hasTabs = presence.tabsHolding(key).length > 0 || (shared !== undefined && presence.tabsHolding(shared).length > 0)
    if (store.get(key) === undefined && receivings.outlineOf(key) === undefined && !hasTabs) {
      throw new MayflyError('ERR_NO_HOLDER', 'Neither this peer nor one of its tabs holds it')
    }
    return 'tabs'
  }

  async function givePiece(
    { key, outline: outlineHash, index }: PieceAddress,
    reach: Reach,
    abort: Required<AbortOptions>,
  ): Promise<Uint8Array> {
    const own = store.get(key)
    const known =
      own?.outline && own.outlineHash ? { key, outline: own.outline, outlineHash: own.outlineHash } : outlines.get(key, outlineHash)
    const content = known ?? (await find(key, reach, { ...abort, outline: outlineHash }))
    if (!('outline' in content) || !equalBytes(content.outlineHash, outlineHash) || index >= pieceCount(content.outline)) {
      throw new MayflyError('ERR_NO_HOLDER', 'That outline is not of what is held here')
    }
    return readPiece(content, index, reach, abort)
  }

  /** Which pieces are to be had from this peer itself. */
  function follow({ key, outline }: FollowPieces): PieceFeed | undefined {
    const own = store.get(key)
    if (own?.outline && own.outlineHash && equalBytes(own.outlineHash, outline)) {
      return { pieces: fullPieceSet(pieceCount(own.outline)), onPiece: () => () => {} }
    }
    return receivings.get(key, outline)?.feed
  }

  const onStream = (stream: Stream, connection: Connection) =>
    giveContent(stream, connection, {
      async read(key, scope, from, abort) {
        const found = await find(key, reachFor(key, scope, from), abort)
        return 'bytes' in found ? { bytes: found.bytes } : { outline: found.outlineBytes }
      },
      readPiece: async (ask, from, abort) => givePiece(ask, reachFor(ask.key, ask.scope, from, await swarmKey(ask.outline)), abort),
      follow,
      rate,
      onServed: (key, bytes, to, isDirect) => emit({ type: 'served', key, bytes, to, isDirect }),
    })

  async function release(key: Key): Promise<boolean> {
    const id = encodeKeyHex(key)
    const hold = holds.get(id)
    if (hold === undefined) return false
    holds.delete(id)
    reachable.get(id)?.()
    reachable.delete(id)
    const held = store.delete(key)
    await hold.release()
    await held?.source.close?.()
    emit({ type: 'release', key: id })
    return true
  }

  function opened(found: Fetched, expected: Key | undefined): OpenedContent {
    const { key, from } = found
    if ('bytes' in found) {
      const { bytes } = found
      return {
        key,
        size: bytes.byteLength,
        isTrusted: true,
        from,
        async *read({ offset, length } = { offset: 0, length: bytes.byteLength }) {
          if (length > 0) yield bytes.subarray(offset, offset + length)
        },
      }
    }
    const { outline, outlineHash } = found
    const onLie = () => fetcher.distrust({ ask: from, holder: from }, key, 'an outline that is not of the content')
    const getPiece: GetPiece = (index, signal) => readPiece(found, index, 'network', { signal })
    const isHash = (known: Key | undefined) => known !== undefined && equalBytes(known, outlineHash)
    /** The whole was checked against this outline here, when it was held or read. */
    const isProven = () => isHash(store.get(key)?.outlineHash) || isHash(outlines.trusted(key))
    const isTrusted = () => isHash(expected) || isProven()
    return {
      key,
      size: outline.size,
      outline: outlineHash,
      pieces: { bytes: outline.pieceBytes, hashes: outline.hashes },
      get isTrusted() {
        return isTrusted()
      },
      from,
      async *read(part, { signal } = {}) {
        const isWhole = part === undefined || (part.offset === 0 && part.length >= outline.size)
        if (isProven() || (isTrusted() && !isWhole)) {
          yield* readPart(outline, part?.offset ?? 0, part?.length ?? outline.size, getPiece, signal)
          return
        }
        if (!isWhole) {
          throw new MayflyError(
            'ERR_UNTRUSTED',
            'Cannot read a part: only the whole can be checked, since the link does not carry the hash of the outline',
          )
        }
        // A link may be a lie too: whoever made it may have put another content's outline beside the key.
        yield* readUntrusted(key, outline, getPiece, createHasher, onLie, signal)
        outlines.trust(key, outlineHash)
      },
    }
  }

  return {
    get counts() {
      return { held: store.size, heldBytes: store.bytes, cacheBytes: cache.bytes, bytesServed, bytesFetched }
    },
    async hold(content, abort = {}) {
      mustBeStarted()
      const isBytes = content instanceof Uint8Array
      const source = isBytes ? memorySource(content.slice()) : content
      const { size } = source
      if (size > limits.maxContentBytes) {
        throw new MayflyError('ERR_TOO_LARGE', `Cannot hold content: ${size} bytes is over the limit of ${limits.maxContentBytes}`)
      }
      const outlined = await outlineSource(source, limits.maxPieceBytes, createHasher, abort)
      const { key, outlineHash: outline } = outlined
      const id = encodeKeyHex(key)
      mustBeStarted()
      if (!holds.has(id)) {
        store.put({ ...outlined, source, memoryBytes: (isBytes ? size : 0) + (outlined.outlineBytes?.byteLength ?? 0) })
        let hold: Hold
        try {
          hold = presence.hold(key)
          holds.set(id, hold)
        } catch (error) {
          store.delete(key)
          throw error
        }
        if (direct && outlined.outline) reachable.set(id, direct.need())
        emit({ type: 'hold', key: id, size })
        await receivings.end(key)
        // A link that is given out at once must be found at once. A tab that nobody has let in yet holds, and is found later.
        if (context.role === 'node' || presence.home !== undefined) await inTime(hold.announced, MAX_ANNOUNCE_MS)
      }
      return { key, size, ...(outline && { outline }) }
    },
    release,
    held: () => store.list(),
    async get(key, abort = {}) {
      mustBeStarted()
      const found = await find(key, 'network', abort)
      if ('bytes' in found) return found
      const { size } = found.outline
      throw new MayflyError(
        'ERR_TOO_LARGE',
        `Cannot get content at once: ${size} bytes is over the limit of ${limits.maxPieceBytes}; open it to read it`,
      )
    },
    async open(key, options = {}) {
      mustBeStarted()
      const proven = store.get(key)?.outlineHash ?? outlines.trusted(key)
      if (proven !== undefined && options.outline !== undefined && !equalBytes(proven, options.outline)) {
        throw new MayflyError('ERR_UNAVAILABLE', 'Cannot open content: the link carries the hash of another outline')
      }
      return opened(await find(key, 'network', options), options.outline)
    },
    async givePiece(piece, { signal = NEVER } = {}) {
      mustBeStarted()
      const bytes = await givePiece(piece, reachFor(piece.key, ASK_SCOPE.own, '', await swarmKey(piece.outline)), { signal })
      bytesServed += bytes.byteLength
      return bytes
    },
    knows(key, outline) {
      const expected = outline ?? outlines.trusted(key)
      return (
        store.get(key) !== undefined ||
        (expected !== undefined && cache.get(key, { outlineHash: expected, index: 'outline' }) !== undefined)
      )
    },
    receive(key, receiveOptions) {
      mustBeStarted()
      return receivings.receive(key, receiveOptions)
    },
    has: (key) => store.get(key)?.outline === undefined && (store.get(key) !== undefined || cache.get(key) !== undefined),
    async start() {
      if (started) return
      started = true
      await libp2p.handle(CONTENT_PROTOCOL, onStream, { maxInboundStreams: MAX_STREAMS, maxOutboundStreams: MAX_STREAMS })
    },
    async stop() {
      if (!started) return
      started = false
      cache.clear()
      await receivings.stop()
      pieces.stop()
      asking.stop()
      holds.clear()
      reachable.clear()
      for (const { key } of store.list()) await store.get(key)?.source.close?.()
      await libp2p.unhandle(CONTENT_PROTOCOL)
    },
  }
}
