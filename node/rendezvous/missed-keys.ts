/** The keys that a full record store misses leases of: it had no room for one, or one made room. It does not say that nobody holds them. */

import { createRecentMap } from '../async/recent-map.ts'
import { encodeKeyHex } from '../keys/index.ts'
import type { Key } from '../types.ts'

const MAX_KEYS = 4_096

/** @param monotonic clock of any origin, in ms */
export function createMissedKeys(monotonic: () => number) {
  /** By key, hex: when the last of its leases that is missed would have run out. Those that were missed first are forgotten first. */
  const untilMs = createRecentMap<string, number>({ maxEntries: MAX_KEYS, order: 'written' })
  return {
    /** There is no room for a lease of the key, which is good for so long. */
    add(key: Key, livesMs: number) {
      const id = encodeKeyHex(key)
      untilMs.set(id, Math.max(monotonic() + livesMs, untilMs.peek(id) ?? 0))
    },
    /** There is room for one again. */
    remove(key: Key) {
      if (untilMs.size > 0) untilMs.delete(encodeKeyHex(key))
    },
    has: (key: Key) => untilMs.size > 0 && (untilMs.peek(encodeKeyHex(key)) ?? 0) > monotonic(),
  }
}
