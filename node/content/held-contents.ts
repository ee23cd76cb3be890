/** The contents that this peer holds: stored here, announced by presence, read from their sources. Serving them is left to `served-content.ts`. */

import { MayflyError } from '../errors.ts'
import { type CreateHasher, encodeKeyHex } from '../keys/index.ts'
import type { Hold } from '../rendezvous/types.ts'
import type { AbortOptions, Key, RefusedEvent } from '../types.ts'
import { outlineSource } from './format/outline.ts'
import { memorySource } from './format/source.ts'
import { createLocalStore, type StoredContent } from './memory/local-store.ts'
import type { ContentEvent, ContentLimits, ContentSource } from './types.ts'

interface HeldContentsContext {
  /** This peer's id. */
  self: string
  limits: ContentLimits
  createHasher: CreateHasher
  /** @param isReachable whether a tab is kept reachable directly for as long */
  announce(key: Key, isReachable: boolean): Hold
  emit(event: ContentEvent | RefusedEvent): void
}

export type HeldContents = ReturnType<typeof createHeldContents>

export function createHeldContents({ self, limits, createHasher, announce, emit }: HeldContentsContext) {
  const store = createLocalStore(limits)
  /** By key, hex. Bounded by the limits of the store. */
  const holds = new Map<string, Hold>()

  /** True when the content was held. */
  async function release(key: Key): Promise<boolean> {
    const id = encodeKeyHex(key)
    const hold = holds.get(id)
    if (hold === undefined) return false
    holds.delete(id)
    const content = store.delete(key)
    await hold.release()
    await content?.source.close?.()
    emit({ type: 'release', key: id })
    return true
  }

  return {
    store,
    /**
     * Reads the content once and computes its key.
     *
     * @throws {MayflyError} ERR_TOO_LARGE
     * @throws signal.reason, when aborted
     */
    async describe(content: Uint8Array | ContentSource, options: AbortOptions): Promise<StoredContent> {
      const isBytes = content instanceof Uint8Array
      const source = isBytes ? memorySource(new Uint8Array(content)) : content // a copy, which the slice of a Buffer is not
      if (source.size > limits.maxContentBytes) {
        throw new MayflyError('ERR_TOO_LARGE', `Cannot hold content: ${source.size} bytes is over the limit of ${limits.maxContentBytes}`)
      }
      const outlined = await outlineSource(source, limits.maxPieceBytes, createHasher, options)
      return { ...outlined, source, memoryBytes: (isBytes ? source.size : 0) + (outlined.outlineBytes?.byteLength ?? 0) }
    },
    /**
     * Stores and announces the content. Returns undefined when it is held already.
     *
     * @throws {MayflyError} ERR_LIMIT
     */
    hold(content: StoredContent): Hold | undefined {
      const { key } = content
      const id = encodeKeyHex(key)
      if (holds.has(id)) return undefined
      store.put(content)
      try {
        const hold = announce(key, content.outline !== undefined)
        holds.set(id, hold)
        emit({ type: 'hold', key: id, size: content.source.size })
        return hold
      } catch (error) {
        store.delete(key)
        throw error
      }
    },
    release,
    /**
     * Reads bytes of held content. A source that has changed is released.
     *
     * @throws {MayflyError} ERR_UNAVAILABLE when the source has changed
     * @throws signal.reason, when aborted
     */
    async read(content: StoredContent, offset: number, length: number, options: AbortOptions): Promise<Uint8Array> {
      try {
        return await content.source.read(offset, length, options)
      } catch (cause) {
        options.signal?.throwIfAborted()
        const reason = cause instanceof Error ? cause.message : String(cause)
        emit({ type: 'refused', peer: self, reason: `released ${encodeKeyHex(content.key)}: ${reason}` })
        void release(content.key)
        throw new MayflyError('ERR_UNAVAILABLE', 'Cannot read what is held here: it is no longer what it was', { cause })
      }
    },
    async stop(): Promise<void> {
      holds.clear()
      for (const { key } of store.list()) await store.get(key)?.source.close?.()
    },
  }
}
