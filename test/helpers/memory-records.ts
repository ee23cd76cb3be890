/** A store of records in memory, which a test can make fail, and whose changes end in a later turn, as those of a disk do. */

import { type AccountStore, createMemoryAccountStore } from '../../node/people/account/store.ts'

export interface MemoryRecords extends AccountStore {
  /** Changes of these records fail from now on. */
  failWhen(test: (name: string) => boolean): void
  /** Changes that have failed. */
  readonly failures: number
}

export function createMemoryRecords(): MemoryRecords {
  const store = createMemoryAccountStore()
  let isFailing = (_name: string) => false
  let failures = 0
  return {
    ...store,
    async change(name, update) {
      await new Promise(setImmediate)
      if (isFailing(name)) {
        failures++
        throw new Error('disk full')
      }
      const bytes = await store.change(name, update)
      await new Promise(setImmediate)
      return bytes
    },
    failWhen(test) {
      isFailing = test
    },
    get failures() {
      return failures
    },
  }
}
