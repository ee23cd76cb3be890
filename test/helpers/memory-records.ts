/** A store of records in memory, which a test can make fail, and whose changes end in a later turn, as those of a disk do. */

import { createEmitter } from '../../node/async/emitter.ts'
import type { RecordStore } from '../../node/people/account/record-store.ts'

export interface MemoryRecords extends RecordStore {
  /** Changes fail from now on with this error; undefined: they work again. */
  failWith(error: Error | undefined): void
  /** Called after each change has been stored, before its promise resolves: a process may end here. */
  afterChange: (name: string) => void
}

export function createMemoryRecords(): MemoryRecords {
  const records = new Map<string, Uint8Array>()
  const changes = createEmitter<string>()
  let failure: Error | undefined
  const store: MemoryRecords = {
    async load(name) {
      return records.get(name)
    },
    async change(name, update) {
      await new Promise(setImmediate)
      if (failure !== undefined) throw failure
      const bytes = update(records.get(name))
      if (bytes === undefined) return records.get(name)
      records.set(name, bytes)
      store.afterChange(name)
      await new Promise(setImmediate)
      changes.emit(name)
      return bytes
    },
    onChange: changes.on,
    failWith(error) {
      failure = error
    },
    afterChange() {},
  }
  return store
}
