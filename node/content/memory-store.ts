/** What this peer holds itself, in memory, within limits. */

import { MayflyError } from '../errors.ts'
import { encodeKeyHex } from '../keys/index.ts'
import type { HeldContent, Key } from '../types.ts'

export interface MemoryStore {
  /** @throws {MayflyError} ERR_LIMIT when the store is full; what it has is kept */
  put(key: Key, bytes: Uint8Array): void
  get(key: Key): Uint8Array | undefined
  delete(key: Key): boolean
  list(): HeldContent[]
  readonly bytes: number
  readonly size: number
}

export function createMemoryStore(limits: { maxHeldBytes: number; maxHeldContents: number }): MemoryStore {
  /** By key, hex. Bounded: both limits. */
  const contents = new Map<string, { key: Key; bytes: Uint8Array }>()
  let total = 0

  return {
    put(key, bytes) {
      const id = encodeKeyHex(key)
      if (contents.has(id)) return
      if (contents.size >= limits.maxHeldContents) {
        throw new MayflyError('ERR_LIMIT', `Cannot hold content: this peer holds the limit of ${limits.maxHeldContents} contents`)
      }
      if (total + bytes.byteLength > limits.maxHeldBytes) {
        throw new MayflyError(
          'ERR_LIMIT',
          `Cannot hold content: ${total + bytes.byteLength} bytes in all is over the limit of ${limits.maxHeldBytes}`,
        )
      }
      contents.set(id, { key, bytes })
      total += bytes.byteLength
    },
    get: (key) => contents.get(encodeKeyHex(key))?.bytes,
    delete(key) {
      const id = encodeKeyHex(key)
      const content = contents.get(id)
      if (content === undefined) return false
      contents.delete(id)
      total -= content.bytes.byteLength
      return true
    },
    list: () => [...contents.values()].map(({ key, bytes }) => ({ key, size: bytes.byteLength })),
    get bytes() {
      return total
    },
    get size() {
      return contents.size
    },
  }
}
