/** Looking for the public keys of receivers: many posts to one receiver ask once. Where it is looked for is handed in. */

import { encodeKeyHex } from '../../keys/index.ts'
import { raceAbort } from '../../network/index.ts'
import type { AbortOptions, Key } from '../../types.ts'

export interface KeyLookups {
  /**
   * Undefined when nobody who could be asked knows it.
   *
   * @throws signal.reason, when aborted
   */
  find(end: Key, options?: AbortOptions): Promise<Uint8Array | undefined>
}

/** @param look ends by itself, after a while */
export function createKeyLookups(look: (end: Key) => Promise<Uint8Array | undefined>): KeyLookups {
  /** By the end's key, hex. Bounded by the callers, and gone when answered. */
  const looking = new Map<string, Promise<Uint8Array | undefined>>()

  return {
    find(end, { signal } = {}) {
      const id = encodeKeyHex(end)
      let found = looking.get(id)
      if (found === undefined) {
        found = look(end).finally(() => looking.delete(id))
        looking.set(id, found)
      }
      return signal === undefined ? found : raceAbort(found, signal)
    },
  }
}
