/**
 * The moment between a server's first connection and the word of the other end on its group: the server knows too little then to ask anybody for
 * a key, and would say "nobody" of pages that are there.
 */

import type { Timers } from '../async/timers.ts'

/** A word that has not come by then is not waited for, in ms: an older server says none. */
const ARRIVAL_MS = 1_000

/** @param isExpected false where no groups are formed, so that nothing is waited for */
export function createGroupArrival(timers: Pick<Timers, 'after'>, isExpected: boolean) {
  const over = Promise.withResolvers<void>()
  let state: 'alone' | 'arriving' | 'here' = isExpected ? 'alone' : 'here'
  let endWait = () => {}

  function end(): void {
    state = 'here'
    endWait()
    over.resolve()
  }

  return {
    /** There is a connection. */
    begin() {
      if (state !== 'alone') return
      state = 'arriving'
      endWait = timers.after(ARRIVAL_MS, end)
    },
    /** The word has come. */
    end,
    /** Undefined where nothing is to be waited for. */
    wait: (): Promise<void> | undefined => (state === 'arriving' ? over.promise : undefined),
  }
}
