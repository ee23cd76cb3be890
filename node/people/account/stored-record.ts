/** One record of the store as a value in memory, which follows the changes of all that share the store. */

import { createEmitter } from '../../async/emitter.ts'
import { equalBytes } from '../../keys/key.ts'
import type { RecordStore } from './record-store.ts'

export interface RecordForm<T> {
  name: string
  /** @throws when the bytes are none of its own */
  decode(bytes: Uint8Array | undefined): T
  /** Canonical: equal values have equal bytes. */
  encode(value: T): Uint8Array
}

export type StoredRecord<T> = Awaited<ReturnType<typeof openStoredRecord<T>>>

/** @throws what `decode` throws */
export async function openStoredRecord<T>(store: RecordStore, { name, decode, encode }: RecordForm<T>) {
  const changes = createEmitter<void>()
  let bytes = await store.load(name)
  let value = decode(bytes)
  /** Counts loads and changes: a load that another one has overtaken is not believed. */
  let turn = 0
  let loading = 0

  function take(newest: Uint8Array | undefined): void {
    if (newest === bytes || (newest !== undefined && bytes !== undefined && equalBytes(newest, bytes))) return
    value = decode(newest)
    bytes = newest
    changes.emit()
  }

  async function load(): Promise<void> {
    const own = ++turn
    loading++
    try {
      const newest = await store.load(name)
      if (own === turn) take(newest)
    } catch {
      // The value in memory stays until the next change.
    } finally {
      loading--
    }
  }

  const stopListening = store.onChange((changed) => {
    if (changed === name) void load()
  })

  return {
    get value() {
      return value
    },
    /** @throws {MayflyError} ERR_NOT_STORED; the value is as before then */
    async change(change: (value: T) => T): Promise<void> {
      const newest = await store.change(name, (before) => {
        const changed = encode(change(decode(before)))
        return before !== undefined && equalBytes(before, changed) ? undefined : changed
      })
      turn++
      take(newest)
      if (loading > 0) void load()
    },
    onChange: changes.on,
    close: stopListening,
  }
}
