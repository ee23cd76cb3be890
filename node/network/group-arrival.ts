/**
 * The first seconds of a server that forms groups: at first it has heard no word on them, and knows nobody to ask for a key; then it is joining, and
 * asks those that let it in, which may have come a moment ago as well. "Nobody" is no answer then.
 */

import type { Timers } from '../async/timers.ts'

/** A word that has not come by then, after the first connection, is not waited for, in ms: an older server says none. */
const WORD_MS = 1_000
/** A search that has found nobody waits no longer than that after the first connection for this server to be in its group, in ms. */
const ENTRY_MS = 5_000

/** How far a server has come that is not in its group. */
export interface Arrival {
  /** Resolves when it knows whom to ask; undefined where it does. */
  word: Promise<void> | undefined
  /** Resolves when it knows better whom to ask; undefined where it will not. */
  entry(): Promise<void> | undefined
}

/** @param isExpected false where no groups are formed, so that nothing is waited for */
export function createGroupArrival(timers: Pick<Timers, 'after'>, isExpected: boolean) {
  const word = Promise.withResolvers<void>()
  const entry = Promise.withResolvers<void>()
  let state: 'alone' | 'arriving' | 'unheard' | 'joining' | 'in' = isExpected ? 'alone' : 'in'
  /** Another server has said all that it says at first. */
  let isGreeted = false
  let endWaits = () => {}

  function giveUp(): void {
    if (state === 'arriving') state = 'unheard'
    word.resolve()
  }

  function enter(): void {
    state = 'in'
    endWaits()
    word.resolve()
    entry.resolve()
  }

  const mayEnter = () => state === 'joining' || (!isGreeted && (state === 'arriving' || state === 'unheard'))

  return {
    /** There is a connection. */
    begin() {
      if (state !== 'alone') return
      state = 'arriving'
      const waits = [timers.after(WORD_MS, giveUp), timers.after(ENTRY_MS, enter)]
      endWaits = () => {
        for (const end of waits) end()
      }
    },
    /** A server has greeted this one, with its word or without. */
    onGreeting() {
      isGreeted = true
    },
    /** A server has said its word. */
    onWord() {
      if (state !== 'in') state = 'joining'
      word.resolve()
    },
    /** This server is in its group, or does not wait to be. */
    enter,
    /** Undefined where nothing is to be waited for. */
    now(): Arrival | undefined {
      if (state !== 'arriving' && !mayEnter()) return undefined
      return { word: state === 'arriving' ? word.promise : undefined, entry: () => (mayEnter() ? entry.promise : undefined) }
    },
  }
}
