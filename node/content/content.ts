/** Content by its hash, for one peer: holding, giving to others, getting from others. */

import type { Connection, Libp2p, Stream } from '@libp2p/interface'
import { MayflyError } from '../errors.ts'
import { encodeKeyHex, sha256 } from '../keys/index.ts'
import { inTime } from '../network/index.ts'
import type { AbortOptions, ContentStore, Hold, Holder, Key, PeerEvent, PeerLimits } from '../types.ts'
import { createAsking } from './asking.ts'
import { createFetcher, type FetcherContext, type FetcherOptions } from './fetcher.ts'
import { giveContent } from './giving.ts'
import { createLivingCache } from './living-cache.ts'
import { createMemoryStore } from './memory-store.ts'
import { ASK_SCOPE, type AskScope, CONTENT_PROTOCOL } from './wire.ts'

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
  limits: PeerLimits
  presence: Presence
  emit(event: PeerEvent): void
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

export function createContent(context: ContentContext, options: FetcherOptions = {}): ContentService {
  const { libp2p, limits, presence } = context
  const self = libp2p.peerId.toString()
  const store = createMemoryStore(limits)
  const cache = createLivingCache(limits.maxCacheBytes, (key, listener) => presence.onCount(key, listener))
  const asking = createAsking(libp2p, limits.maxContentBytes)
  /** By key, hex. Bounded: the memory store's limits. */
  const holds = new Map<string, Hold>()
  let bytesServed = 0
  let bytesFetched = 0
  let started = false

  const emit = (event: PeerEvent) => {
    if (event.type === 'fetched') bytesFetched += event.bytes
    if (event.type === 'served') bytesServed += event.bytes
    context.emit(event)
  }
  const fetcher = createFetcher(
    {
      self,
      asking,
      tabsHolding: (key) => presence.tabsHolding(key),
      find: (key, abort) => presence.find(key, abort),
      home: () => presence.home,
      emit,
    },
    options,
  )

  const mustBeStarted = () => {
    if (!started) throw new MayflyError('ERR_NOT_STARTED', 'The peer is not running')
  }

  async function getFrom(key: Key, reach: 'tabs' | 'network', abort: AbortOptions) {
    const own = store.get(key)
    if (own !== undefined) return { key, bytes: own, from: self }
    const cached = cache.get(key)
    if (cached !== undefined) return { key, bytes: cached, from: self }
    const content = await fetcher.fetch(key, reach, abort)
    if (context.role === 'node') cache.put(key, content.bytes)
    return content
  }

  /** What others may ask of this peer: what it or its tabs hold; its own tabs may ask for anything. */
  async function read(key: Key, scope: AskScope, from: string, abort: Required<AbortOptions>): Promise<Uint8Array> {
    if (scope === ASK_SCOPE.network && presence.isTab(from)) return (await getFrom(key, 'network', abort)).bytes
    const own = store.get(key)
    if (own !== undefined) return own
    if (presence.tabsHolding(key).length === 0) throw new MayflyError('ERR_NO_HOLDER', 'Neither this peer nor one of its tabs holds it')
    return (await getFrom(key, 'tabs', abort)).bytes
  }

  const onStream = (stream: Stream, connection: Connection) =>
    giveContent(stream, connection, { read, onServed: (key, bytes, to) => emit({ type: 'served', key, bytes, to }) })

  return {
    get counts() {
      return { held: store.size, heldBytes: store.bytes, cacheBytes: cache.bytes, bytesServed, bytesFetched }
    },
    async hold(bytes) {
      mustBeStarted()
      const size = bytes.byteLength
      if (size > limits.maxContentBytes) {
        throw new MayflyError('ERR_TOO_LARGE', `Cannot hold content: ${size} bytes is over the limit of ${limits.maxContentBytes}`)
      }
      const own = bytes.slice()
      const key = await sha256(own)
      const id = encodeKeyHex(key)
      mustBeStarted()
      if (holds.has(id)) return { key, size }
      store.put(key, own)
      let hold: Hold
      try {
        hold = presence.hold(key)
        holds.set(id, hold)
      } catch (error) {
        store.delete(key)
        throw error
      }
      emit({ type: 'hold', key: id, size })
      // A link that is given out at once must be found at once. A tab that nobody has let in yet holds, and is found later.
      if (context.role === 'node' || presence.home !== undefined) await inTime(hold.announced, MAX_ANNOUNCE_MS)
      return { key, size }
    },
    async release(key) {
      const id = encodeKeyHex(key)
      const hold = holds.get(id)
      if (hold === undefined) return false
      holds.delete(id)
      store.delete(key)
      await hold.release()
      emit({ type: 'release', key: id })
      return true
    },
    held: () => store.list(),
    async get(key, abort = {}) {
      mustBeStarted()
      return getFrom(key, 'network', abort)
    },
    has: (key) => store.get(key) !== undefined || cache.get(key) !== undefined,
    async start() {
      if (started) return
      started = true
      await libp2p.handle(CONTENT_PROTOCOL, onStream, { maxInboundStreams: MAX_STREAMS, maxOutboundStreams: MAX_STREAMS })
    },
    async stop() {
      if (!started) return
      started = false
      cache.clear()
      asking.stop()
      holds.clear()
      await libp2p.unhandle(CONTENT_PROTOCOL)
    },
  }
}
