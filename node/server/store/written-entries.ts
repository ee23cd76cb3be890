/** Waiting outbox entries as they were written last, so that they need not be read before they are changed. */

import { createRecentMap } from '../../async/recent-map.ts'
import type { OutboxEntry } from '../../index.ts'
import { encodeKeyHex } from '../../keys/index.ts'

export const WRITTEN_ENTRIES_DEFAULTS = {
  maxEntries: 1_024, // more than a busy sender has in flight
  maxBytes: 4 * 2 ** 20, // of their envelopes, of which the largest have 64 KiB
}

export function createWrittenEntries(options: Partial<typeof WRITTEN_ENTRIES_DEFAULTS> = {}) {
  const { maxEntries, maxBytes } = { ...WRITTEN_ENTRIES_DEFAULTS, ...options }
  let bytes = 0
  /** By id, hex. Bounded: maxEntries and maxBytes, those written longest ago out first. */
  const entries = createRecentMap<string, OutboxEntry>({
    maxEntries,
    order: 'written',
    onEvict(_, { envelope }) {
      bytes -= envelope.byteLength
    },
  })

  function takeNamed(name: string): OutboxEntry | undefined {
    const entry = entries.peek(name)
    if (entry === undefined) return undefined
    entries.delete(name)
    bytes -= entry.envelope.byteLength
    return entry
  }

  return {
    add(entry: OutboxEntry): void {
      const name = encodeKeyHex(entry.id)
      takeNamed(name)
      bytes += entry.envelope.byteLength
      entries.set(name, entry)
      for (const oldest of entries.keys()) {
        if (bytes <= maxBytes) return
        takeNamed(oldest)
      }
    },
    /** Removes the entry, and returns it. */
    take: (id: Uint8Array): OutboxEntry | undefined => takeNamed(encodeKeyHex(id)),
  }
}
