/** A store of records in memory, which a test can make fail, and whose changes end in a later turn, as those of a disk do. */

import { createEmitter } from '../../node/async/emitter.ts'
import type { RecordStore } from '../../node/people/account/record-store.ts'

export interface MemoryRecords extends RecordStore {
  /** Changes of these records fail from now on. */
  failWhen(test: (name: string) => boolean): void
  /** Changes that have failed. */
  readonly failures: number
}

export function createMemoryRecords(): MemoryRecords {
  const records = new Map<string, Uint8Array>()
  const changes = createEmitter<string>()
  let isFailing = (_name: string) => false
  let failures = 0
  return {
    load: async (name) => records.get(name),
    async change(name, update) {
      await new Promise(setImmediate)
      if (isFailing(name)) {
        failures++
        throw new Error('disk full')
      }
      const bytes = update(records.get(name))
      if (bytes === undefined) return records.get(name)
      records.set(name, bytes)
      changes.emit(name)
      await new Promise(setImmediate)
      return bytes
    },
    onChange: changes.on,
    failWhen(test) {
      isFailing = test
    },
    get failures() {
      return failures
    },
  }
}
