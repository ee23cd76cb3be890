/** The contents that this peer stores and holds: small content in memory, larger content by the source it was handed. Bounded by memory. */

import { MayflyError } from '../../errors.ts'
import { encodeKeyHex } from '../../keys/index.ts'
import type { Key } from '../../types.ts'
import type { MaybeOutlined } from '../format/outline.ts'
import type { ContentLimits, ContentSource, HeldContent } from '../types.ts'

export type StoredContent = MaybeOutlined & {
  source: ContentSource
  /** Bytes of this peer's memory that it takes. */
  memoryBytes: number
  /** True for bytes that this peer has copied into its memory, and that travel whole. */
  isInMemory?: boolean
  /** Those bytes, when they are few enough to travel with the lease. */
  small?: Uint8Array | undefined
}

export function createLocalStore({ maxHeldBytes }: Pick<ContentLimits, 'maxHeldBytes'>) {
  /** By key, hex. Bounded by the callers' limits. */
  const contents = new Map<string, StoredContent>()
  let total = 0

  return {
    /** @throws {MayflyError} ERR_LIMIT when the store is full; nothing is evicted */
    put(content: StoredContent): void {
      const id = encodeKeyHex(content.key)
      if (contents.has(id)) return
      const bytes = total + content.memoryBytes
      if (bytes > maxHeldBytes) {
        throw new MayflyError('ERR_LIMIT', `Cannot hold content: ${bytes} bytes in memory is over the limit of ${maxHeldBytes}`)
      }
      contents.set(id, content)
      total = bytes
    },
    get: (key: Key): StoredContent | undefined => contents.get(encodeKeyHex(key)),
    /** Returns the deleted content. */
    delete(key: Key): StoredContent | undefined {
      const id = encodeKeyHex(key)
      const content = contents.get(id)
      if (content === undefined) return undefined
      contents.delete(id)
      total -= content.memoryBytes
      return content
    },
    list: (): HeldContent[] =>
      [...contents.values()].map(({ key, source, outlineHash }) => ({
        key,
        size: source.size,
        ...(outlineHash && { outline: outlineHash }),
      })),
    /** In memory. */
    get bytes() {
      return total
    },
    get size() {
      return contents.size
    },
  }
}
