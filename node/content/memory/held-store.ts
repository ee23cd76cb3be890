/** What this peer holds itself: small content in memory, large content by the source that it was given. Within limits. */

import { MayflyError } from '../../errors.ts'
import { encodeKeyHex } from '../../keys/index.ts'
import type { Key } from '../../types.ts'
import type { Outlined } from '../format/outlining.ts'
import type { ContentSource, HeldContent } from '../types.ts'

export interface Held extends Outlined {
  source: ContentSource
  /** Bytes that it keeps in this peer's memory. */
  memoryBytes: number
}

export interface HeldStore {
  /** @throws {MayflyError} ERR_LIMIT when the store is full; what it has is kept */
  put(held: Held): void
  get(key: Key): Held | undefined
  delete(key: Key): Held | undefined
  list(): HeldContent[]
  /** In memory. */
  readonly bytes: number
  readonly size: number
}

export function createHeldStore(limits: { maxHeldBytes: number; maxHeldContents: number }): HeldStore {
  /** By key, hex. Bounded: both limits. */
  const contents = new Map<string, Held>()
  let total = 0

  return {
    put(held) {
      const id = encodeKeyHex(held.key)
      if (contents.has(id)) return
      if (contents.size >= limits.maxHeldContents) {
        throw new MayflyError('ERR_LIMIT', `Cannot hold content: this peer holds the limit of ${limits.maxHeldContents} contents`)
      }
      if (total + held.memoryBytes > limits.maxHeldBytes) {
        throw new MayflyError(
          'ERR_LIMIT',
          `Cannot hold content: ${total + held.memoryBytes} bytes in memory is over the limit of ${limits.maxHeldBytes}`,
        )
      }
      contents.set(id, held)
      total += held.memoryBytes
    },
    get: (key) => contents.get(encodeKeyHex(key)),
    delete(key) {
      const id = encodeKeyHex(key)
      const held = contents.get(id)
      if (held === undefined) return undefined
      contents.delete(id)
      total -= held.memoryBytes
      return held
    },
    list: () =>
      [...contents.values()].map(({ key, source, outlineHash }) => ({
        key,
        size: source.size,
        ...(outlineHash && { outline: outlineHash }),
      })),
    get bytes() {
      return total
    },
    get size() {
      return contents.size
    },
  }
}
