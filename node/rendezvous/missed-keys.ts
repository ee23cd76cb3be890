/** The keys that a full record store misses leases of: it had no room for one, or one made room. It does not say that nobody holds them. */

import { encodeKeyHex } from '../keys/index.ts'
import type { Key } from '../types.ts'

/** Keys, each counted once for each peer that has told of it. */
const MAX_TOLD = 4_096

export type MissedKeys = ReturnType<typeof createMissedKeys>

/** @param monotonic clock of any origin, in ms */
export function createMissedKeys(monotonic: () => number) {
  /** By key, hex: when the last of its leases that is missed would have run out, and how many tellers have it. Bounded: MAX_TOLD. */
  const missed = new Map<string, { untilMs: number; tellers: number }>()
  /**
   * The keys of each teller, those first that it has not told of for longest. Bounded: MAX_TOLD in all. The teller with most of them makes room: one that tells of
   * very many makes no others' be forgotten, whichever keys it tells of.
   */
  const told = new Map<string, Set<string>>()
  let size = 0

  function forgetAt(teller: string, id: string): void {
    const own = told.get(teller)
    if (!own?.delete(id)) return
    size--
    if (own.size === 0) told.delete(teller)
    const known = missed.get(id)
    if (known !== undefined && --known.tellers === 0) missed.delete(id)
  }

  function makeRoom(): void {
    const [teller, keys] = [...told].reduce((a, b) => (b[1].size > a[1].size ? b : a))
    const [oldest] = keys
    if (oldest !== undefined) forgetAt(teller, oldest)
  }

  function remove(id: string): void {
    for (const teller of [...told.keys()]) forgetAt(teller, id)
  }

  return {
    /** There is no room for a lease of the key, which is good for so long. @param teller the peer that tells of it */
    add(key: Key, livesMs: number, teller: string) {
      const id = encodeKeyHex(key)
      const known = missed.get(id) ?? { untilMs: 0, tellers: 0 }
      missed.set(id, known)
      known.untilMs = Math.max(monotonic() + livesMs, known.untilMs)
      const own = told.get(teller) ?? new Set()
      told.set(teller, own)
      const isNew = !own.delete(id)
      own.add(id)
      if (!isNew) return
      known.tellers++
      if (++size > MAX_TOLD) makeRoom()
    },
    /** There is room for one again. */
    remove(key: Key) {
      if (missed.size > 0 && missed.has(encodeKeyHex(key))) remove(encodeKeyHex(key))
    },
    has: (key: Key) => missed.size > 0 && (missed.get(encodeKeyHex(key))?.untilMs ?? 0) > monotonic(),
  }
}
