import { TIMERS, type Timers } from './timers.ts'

/** Rate limit for pushes: the first change of a burst is pushed at once, the last at its end, and at most one in a while. */
export function createPusher(push: () => void, everyMs: number, timers: Timers = TIMERS) {
  /** Ends the wait after a push; undefined when there is none. */
  let endWait: (() => void) | undefined
  let again = false

  const pushNow = () => {
    again = false
    endWait = timers.after(everyMs, () => {
      endWait = undefined
      if (again) pushNow()
    })
    push()
  }
  return {
    changed() {
      if (endWait === undefined) pushNow()
      else again = true
    },
    stop() {
      endWait?.()
      endWait = undefined
      again = false
    },
  }
}
