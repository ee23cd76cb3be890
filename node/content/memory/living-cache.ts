/**
 * A memory cache of content that others hold. An entry is served only while its key has a living holder: each entry watches its key,
 * and goes with the last holder. When nobody can tell any more, it is kept but not served.
 */

import { encodeKeyHex } from '../../keys/index.ts'
import type { Key } from '../../types.ts'

/** A piece is right only by the outline that it was checked against: by a false one, it is another holder's lie. */
export interface PieceName {
  outlineHash: Key
  /** Its number; or the outline itself, which is worth nothing either without a holder. */
  index: number | 'outline'
}

export interface LivingCache {
  /** @param piece which one, for content that comes in pieces */
  get(key: Key, piece?: PieceName): Uint8Array | undefined
  put(key: Key, bytes: Uint8Array, piece?: PieceName): void
  clear(): void
  readonly bytes: number
}

interface Entry {
  bytes: Uint8Array
  alive: boolean
  stop(): void
}

/** Each entry costs a watch at the key's record nodes. */
const MAX_ENTRIES = 1_024

/** What an entry costs besides its bytes, so that a million empty pages are not free. */
const ENTRY_BYTES = 512

export function createLivingCache(
  maxBytes: number,
  onCount: (key: Key, listener: (count: number, isCertain: boolean) => void) => () => void,
): LivingCache {
  /** By key, hex, and piece, in the order of last use. Bounded: maxBytes and MAX_ENTRIES. */
  const entries = new Map<string, Entry>()
  let total = 0

  function drop(id: string, entry: Entry): void {
    if (entries.get(id) !== entry) return
    entries.delete(id)
    total -= entry.bytes.byteLength + ENTRY_BYTES
    entry.stop()
  }

  return {
    get bytes() {
      return total
    },
    get(key, piece) {
      const id = entryId(key, piece)
      const entry = entries.get(id)
      if (entry === undefined || !entry.alive) return undefined
      entries.delete(id)
      entries.set(id, entry)
      return entry.bytes
    },
    put(key, bytes, piece) {
      const id = entryId(key, piece)
      if (entries.has(id) || bytes.byteLength + ENTRY_BYTES > maxBytes) return
      const entry: Entry = { bytes, alive: false, stop: () => {} }
      entries.set(id, entry)
      total += bytes.byteLength + ENTRY_BYTES
      entry.stop = onCount(key, (count, isCertain) => {
        if (isCertain && count === 0) drop(id, entry)
        else entry.alive = isCertain
      })
      if (entries.get(id) !== entry) entry.stop() // it was told at once that nobody holds the key
      while (total > maxBytes || entries.size > MAX_ENTRIES) {
        const oldest = entries.entries().next().value
        if (oldest === undefined) break
        drop(...oldest)
      }
    },
    clear() {
      for (const [id, entry] of [...entries]) drop(id, entry)
    },
  }
}

function entryId(key: Key, piece: PieceName | undefined): string {
  return piece === undefined ? encodeKeyHex(key) : `${encodeKeyHex(key)}/${encodeKeyHex(piece.outlineHash)}/${piece.index}`
}
