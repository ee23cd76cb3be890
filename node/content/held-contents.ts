/**
 * The contents that this peer holds: stored here, announced by presence, read from their sources. Each read is compared with the hash that was
 * computed when the content was held, so bytes that a source has changed, plain or sealed, never leave. Serving them is left to
 * `served-content.ts`.
 */

import { MayflyError } from '../errors.ts'
import { type CreateHasher, encodeKeyHex, equalBytes, sha256 } from '../keys/index.ts'
import type { SmallContentBytes } from '../rendezvous/index.ts'
import type { Hold } from '../rendezvous/types.ts'
import type { AbortOptions, Key } from '../types.ts'
import { outlineSource, pieceCount, pieceHash, pieceSize } from './format/outline.ts'
import { memorySource } from './format/source.ts'
import { createLocalStore, type StoredContent } from './memory/local-store.ts'
import type { ContentEvent, ContentLimits, ContentSource, HoldOptions } from './types.ts'

/** Content that travels with its lease. The type alone is imported: with the value, presence's frames would become a file of their own in a page. */
export const SMALL_BYTES: SmallContentBytes = 4_096

interface HeldContentsContext {
  limits: ContentLimits
  createHasher: CreateHasher
  /** @param isReachable whether a tab is kept reachable directly for as long */
  announce(key: Key, isReachable: boolean, bytes: Uint8Array | undefined): Hold
  emit(event: ContentEvent): void
}

/**
 * Memory that a part takes, in bytes: its key, its places in maps, its source, and the key that seals it. Contents that are announced are
 * bounded by their number.
 */
const PART_MEMORY_BYTES = 2_048

export type HeldContents = ReturnType<typeof createHeldContents>

export function createHeldContents({ limits, createHasher, announce, emit }: HeldContentsContext) {
  const store = createLocalStore(limits)
  /** By key, hex. Those that are announced are bounded by their number, others by their memory. */
  const holds = new Map<string, Hold>()
  /** Those of them that are not announced. */
  const parts = new Set<string>()

  /**
   * True when the content was held.
   *
   * @param reason why it is released, when its source is the cause
   */
  async function release(key: Key, reason?: string): Promise<boolean> {
    const id = encodeKeyHex(key)
    const hold = holds.get(id)
    if (hold === undefined) return false
    holds.delete(id)
    parts.delete(id)
    const content = store.delete(key)
    await hold.release()
    await content?.source.close?.()
    emit({ type: 'release', key: id, ...(reason !== undefined && { reason }) })
    return true
  }

  /**
   * Reads one piece of held content; of content that travels whole, all of it. Content whose source fails, or gives other bytes than it did when
   * it was held, is released.
   *
   * @throws {MayflyError} ERR_UNAVAILABLE when it is released
   * @throws signal.reason, when aborted
   */
  async function read(content: StoredContent, index: number, options: AbortOptions): Promise<Uint8Array> {
    try {
      return await readRight(content, index, options)
    } catch (cause) {
      options.signal?.throwIfAborted()
      void release(content.key, cause instanceof Error ? cause.message : String(cause))
      throw new MayflyError('ERR_UNAVAILABLE', 'Cannot read what is held here: it is no longer what it was', { cause })
    }
  }

  return {
    store,
    /**
     * Reads the content once and computes its key.
     *
     * @throws {MayflyError} ERR_TOO_LARGE, ERR_UNAVAILABLE (its hash is not the expected one)
     * @throws signal.reason, when aborted
     */
    async describe(content: Uint8Array | ContentSource, { expected, ...options }: HoldOptions): Promise<StoredContent> {
      const isBytes = content instanceof Uint8Array
      const source = isBytes ? memorySource(new Uint8Array(content)) : content // a copy, which the slice of a Buffer is not
      if (source.size > limits.maxContentBytes) {
        throw new MayflyError('ERR_TOO_LARGE', `Cannot hold content: ${source.size} bytes is over the limit of ${limits.maxContentBytes}`)
      }
      const outlined = await outlineSource(source, limits.maxPieceBytes, createHasher, options)
      if (expected !== undefined && !equalBytes(outlined.key, expected)) {
        throw new MayflyError('ERR_UNAVAILABLE', 'Cannot hold the content: its SHA-256 is not the one expected')
      }
      const isInMemory = isBytes && outlined.outline === undefined
      const small = isInMemory && source.size <= SMALL_BYTES ? await source.read(0, source.size) : undefined
      return { ...outlined, source, isInMemory, small, memoryBytes: (isBytes ? source.size : 0) + (outlined.outlineBytes?.byteLength ?? 0) }
    },
    /**
     * Stores and announces the content. Returns undefined when it is held already. A part that is held by itself, too, is announced then.
     *
     * @param isPart it is not announced
     * @throws {MayflyError} ERR_LIMIT when there is no room for it; nothing is evicted
     */
    hold(content: StoredContent, isPart = false): Hold | undefined {
      const { key } = content
      const id = encodeKeyHex(key)
      const isHeld = holds.has(id)
      if (isHeld && (isPart || !parts.has(id))) return undefined
      const { maxHeldContents } = limits
      if (!isPart && holds.size - parts.size >= maxHeldContents) {
        throw new MayflyError('ERR_LIMIT', `Cannot hold content: this peer holds the limit of ${maxHeldContents} contents`)
      }
      if (!isHeld) store.put(isPart ? { ...content, memoryBytes: content.memoryBytes + PART_MEMORY_BYTES } : content)
      try {
        const hold = isPart ? unannounced(key) : announce(key, content.outline !== undefined, content.small)
        holds.set(id, hold)
        if (isPart) parts.add(id)
        else parts.delete(id)
        if (!isHeld) emit({ type: 'hold', key: id, size: content.source.size })
        return hold
      } catch (error) {
        if (!isHeld) store.delete(key)
        throw error
      }
    },
    release: (key: Key) => release(key),
    read,
    /**
     * Reads all of the content again, and releases it when its source has changed. True when it is held, and right.
     *
     * @throws signal.reason, when aborted
     */
    async check(key: Key, options: AbortOptions): Promise<boolean> {
      const content = store.get(key)
      const pieces = content?.outline ? pieceCount(content.outline) : 1
      for (let index = 0; index < pieces; index++) {
        if (content === undefined || store.get(key) !== content) return false
        try {
          await read(content, index, options)
        } catch {
          options.signal?.throwIfAborted()
          return false
        }
      }
      return true
    },
    async stop(): Promise<void> {
      holds.clear()
      for (const { key } of store.list()) await store.get(key)?.source.close?.()
    },
  }
}

function unannounced(key: Key): Hold {
  return { key, announced: Promise.resolve(), release: async () => {} }
}

async function readRight({ key, outline, source }: StoredContent, index: number, options: AbortOptions): Promise<Uint8Array> {
  const bytes = outline
    ? await source.read(index * outline.pieceBytes, pieceSize(outline, index), options)
    : await source.read(0, source.size, options)
  if (equalBytes(await sha256(bytes), outline ? pieceHash(outline, index) : key)) return bytes
  throw new MayflyError('ERR_UNAVAILABLE', 'its bytes are not those that were held')
}
