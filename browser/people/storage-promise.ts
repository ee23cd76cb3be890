/**
 * The browser's promise to keep what this site has stored until its user deletes it. Without it, a browser that is short of room deletes the
 * storage of sites that were not used for long, an account among it.
 *
 * @see https://storage.spec.whatwg.org/#persistence
 */

import { Cell } from '../cell.ts'

/** 'asked': the person or the browser has not answered yet; Firefox shows a question, and the answer waits for that. */
export type PromiseState = 'unknown' | 'asked' | 'given' | 'not given'

export type StoragePromise = ReturnType<typeof createStoragePromise>

/** @param storage of this page; undefined where the browser gives it none */
export function createStoragePromise(storage: Pick<StorageManager, 'persist' | 'persisted'> | undefined = navigator.storage) {
  const state = new Cell<PromiseState>('unknown')
  const settle = (given: Promise<boolean> | undefined) =>
    (given ?? Promise.resolve(false)).then(
      (isGiven) => state.set(isGiven ? 'given' : 'not given'),
      () => state.set('not given'),
    )
  return {
    state,
    /** Looks whether it was given, without a question to the person. */
    read: () => settle(storage?.persisted?.()),
    /** Asks for it. Some browsers ask the person then; others decide by themselves. */
    ask() {
      state.set('asked')
      return settle(storage?.persist?.())
    },
  }
}
