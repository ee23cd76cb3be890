/**
 * A memory cache of content that others hold. An entry is served only while its key has a living holder: the cache watches the key of each
 * entry and drops the entry with the last holder. While the count of holders is uncertain, the entry is kept but not served.
 */

import { createRecentMap } from '../../async/recent-map.ts'
import { createSoon } from '../../async/soon.ts'
import type { Key } from '../../types.ts'
import { keptKeyHex } from '../format/kept-hex.ts'

/** One piece of larger content. It was checked against this outline only; under a false outline it would be a lie of another holder. */
interface PieceName {
  outlineHash: Key
  /** The piece's number; or the outline itself, which is cached under the same condition. */
  index: number | 'outline'
}

interface Entry {
  bytes: Uint8Array
  /** The key whose holders keep it alive. */
  holderKey: Key
  isAlive: boolean
  stopWatching(): void
  onDrop(): void
}

/** Each entry costs a watch at the key's record nodes. */
const MAX_ENTRIES = 1_024

/**
 * How long after its bytes an entry of small content is watched, in ms: not in the way of the reader who waits for them, and together with the
 * entries of other reads. One that is asked for again is watched at once.
 */
const WATCH_AFTER_MS = 10

/** The cost of an entry besides its bytes, so that a million empty pages are not free. */
const ENTRY_BYTES = 512

export type LivingCache = ReturnType<typeof createLivingCache>

/** @param checkAwake notices that this process has slept, after which no count is certain */
export function createLivingCache(
  maxBytes: number,
  onCount: (key: Key, listener: (count: number, isCertain: boolean) => void) => () => void,
  checkAwake: () => void = () => {},
) {
  /** By key, hex, and piece. Bounded by maxBytes, too. */
  const entries = createRecentMap<string, Entry>({ maxEntries: MAX_ENTRIES, onEvict: retire })
  let total = 0
  /** Those of the entries that are not watched yet. */
  const unwatched = new Map<string, Entry>()
  const soon = createSoon(() => {
    for (const [id, entry] of [...unwatched]) watch(id, entry)
  })

  function watch(id: string, entry: Entry): void {
    if (!unwatched.delete(id)) return
    entry.stopWatching = onCount(entry.holderKey, (count, isCertain) => {
      if (isCertain && count === 0) drop(id, entry)
      else entry.isAlive = isCertain
    })
    if (entries.peek(id) !== entry) entry.stopWatching() // the first count was zero
  }

  function retire(id: string, entry: Entry): void {
    unwatched.delete(id)
    total -= entry.bytes.byteLength + ENTRY_BYTES
    entry.stopWatching()
    entry.onDrop()
  }

  function drop(id: string, entry: Entry): void {
    if (entries.peek(id) !== entry) return
    entries.delete(id)
    retire(id, entry)
  }

  return {
    get bytes() {
      return total
    },
    /** @param piece left out for content that travels whole */
    get(key: Key, piece?: PieceName): Uint8Array | undefined {
      const id = entryId(key, piece)
      checkAwake()
      const entry = entries.peek(id)
      if (entry === undefined) return undefined
      watch(id, entry)
      return entry.isAlive ? entries.get(id)?.bytes : undefined
    },
    /**
     * @param holderKey the key whose holders keep it alive: the content's own, or that of a bundle which it is a file of
     * @param onDrop called when the bytes are in the cache no more, at once when it does not take them
     */
    put(key: Key, bytes: Uint8Array, piece?: PieceName, holderKey = key, onDrop = () => {}): void {
      const id = entryId(key, piece)
      if (entries.has(id) || bytes.byteLength + ENTRY_BYTES > maxBytes) {
        onDrop()
        return
      }
      const entry: Entry = { bytes, holderKey, isAlive: false, stopWatching: () => {}, onDrop }
      total += bytes.byteLength + ENTRY_BYTES
      entries.set(id, entry)
      unwatched.set(id, entry)
      // A piece may be asked for by the next reader at once, and is larger than what its watch takes, which all pieces share.
      if (piece === undefined) soon.ask(WATCH_AFTER_MS)
      else watch(id, entry)
      for (const [oldId, old] of entries) {
        if (total <= maxBytes) break
        drop(oldId, old)
      }
    },
    clear(): void {
      soon.cancel()
      for (const [id, entry] of [...entries]) drop(id, entry)
    },
  }
}

function entryId(key: Key, piece: PieceName | undefined): string {
  return piece === undefined ? keptKeyHex(key) : `${keptKeyHex(key)}/${keptKeyHex(piece.outlineHash)}/${piece.index}`
}
