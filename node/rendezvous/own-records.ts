/**
 * The records of a tab: those of its own leases alone, at most one for each key. A tab serves nobody, so it needs none of the record store that a
 * node keeps for the overlay. A record is never served past its lease.
 */

import { encodeKeyHex } from '../keys/index.ts'
import type { Key } from '../types.ts'
import { createKeyListeners } from './key-listeners.ts'
import type { HolderRecord, RecordStore } from './record-store.ts'

/** The part of a record store that a peer needs for itself. */
export type OwnRecords = Pick<
  RecordStore,
  'size' | 'put' | 'remove' | 'removeStock' | 'count' | 'people' | 'sample' | 'homes' | 'heldThrough' | 'onChange' | 'sweep'
>

/** @param now the time that records go by, in ms since the epoch. @param monotonic clock of any origin, by which they end */
export function createOwnRecords(now: () => number, monotonic: () => number = now): OwnRecords {
  /** By key, hex. Bounded by the peer's holds. */
  const records = new Map<string, HolderRecord & { endsAtMs: number }>()
  const listeners = createKeyListeners()

  function drop(id: string): void {
    if (records.delete(id)) listeners.notify(id)
  }

  function living(id: string): HolderRecord | undefined {
    const record = records.get(id)
    if (record === undefined || record.endsAtMs > monotonic()) return record
    drop(id)
    return undefined
  }

  const sample: OwnRecords['sample'] = (key, limit, filter = () => true) =>
    [living(encodeKeyHex(key))].filter((record) => record !== undefined && filter(record)).slice(0, limit) as HolderRecord[]
  const countOf = (key: Key) => sample(key, 1).length

  return {
    get size() {
      return records.size
    },
    put(record, livesMs = record.expiresAtMs - now()) {
      const id = encodeKeyHex(record.key)
      const old = living(id)
      records.set(id, { ...record, endsAtMs: monotonic() + livesMs })
      if (old?.home !== record.home || old.mark !== record.mark) listeners.notify(id)
      return undefined
    },
    remove(key, holder, source) {
      const id = encodeKeyHex(key)
      const record = records.get(id)
      if (record?.holder !== holder || record.source !== source) return false
      drop(id)
      return true
    },
    /** Nobody announces anything here. */
    removeStock() {},
    count: countOf,
    people: countOf,
    sample,
    homes: (key, limit) => sample(key, limit).map(({ home }) => home),
    /** A tab is nobody's home. */
    heldThrough: () => [],
    onChange: listeners.onChange,
    sweep() {
      for (const id of [...records.keys()]) living(id)
    },
  }
}
