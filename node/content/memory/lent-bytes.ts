/**
 * Bytes that several users have at once. Their memory is freed when the last user has said that it is done; those of which one never says so are left
 * to the garbage collector.
 */

import { freeBytes } from '../../async/free-memory.ts'
import { inNextTurn } from '../../async/turn.ts'

export type LentBytes = ReturnType<typeof createLentBytes>

export function createLentBytes() {
  /** Users that have not said that they are done. */
  const users = new WeakMap<Uint8Array, number>()

  return {
    /** There is one user more. */
    lend(bytes: Uint8Array): Uint8Array {
      users.set(bytes, (users.get(bytes) ?? 0) + 1)
      return bytes
    },
    /** One of the users is done. Bytes that were not lent stay as they are. */
    free(bytes: Uint8Array): void {
      const left = (users.get(bytes) ?? 0) - 1
      if (left >= 0) users.set(bytes, left)
      // Another user may hear of the same bytes in this turn.
      if (left === 0) inNextTurn(() => users.get(bytes) || freeBytes(bytes))
    },
  }
}
