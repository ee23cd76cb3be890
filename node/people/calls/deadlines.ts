/** Deadlines of many calls with one timer between them: it is set for the earliest, and most calls have ended long before it comes. */

export interface Deadline {
  /** By the clock of `createDeadlines`; infinite for none. */
  atMs: number
  onLate(): void
}

/** The longest time that a timer takes, in ms. */
const LONGEST_MS = 2 ** 31 - 1

export type Deadlines = ReturnType<typeof createDeadlines>

/** @param now a clock that never goes back, in ms */
export function createDeadlines(now: () => number) {
  /** Bounded by the callers, who take theirs out. */
  const waiting = new Set<Deadline>()
  let timer: ReturnType<typeof setTimeout> | undefined
  let timerAtMs = Number.POSITIVE_INFINITY

  function stopTimer(): void {
    clearTimeout(timer)
    timerAtMs = Number.POSITIVE_INFINITY
  }

  function setTimer(atMs: number): void {
    clearTimeout(timer)
    timerAtMs = atMs
    timer = setTimeout(sweep, Math.min(LONGEST_MS, Math.max(0, atMs - now())))
  }

  function sweep(): void {
    timerAtMs = Number.POSITIVE_INFINITY
    const nowMs = now()
    let nextMs = Number.POSITIVE_INFINITY
    for (const deadline of [...waiting]) {
      if (deadline.atMs > nowMs) nextMs = Math.min(nextMs, deadline.atMs)
      else if (waiting.delete(deadline)) deadline.onLate()
    }
    if (nextMs < timerAtMs) setTimer(nextMs)
  }

  return {
    add(deadline: Deadline) {
      if (deadline.atMs === Number.POSITIVE_INFINITY) return
      waiting.add(deadline)
      if (deadline.atMs < timerAtMs) setTimer(deadline.atMs)
    },
    delete(deadline: Deadline) {
      if (waiting.delete(deadline) && waiting.size === 0) stopTimer()
    },
    stop() {
      waiting.clear()
      stopTimer()
    },
  }
}
