/**
 * How long somebody who says nothing is waited for, begun again with each thing that is heard. It is counted in turns of this process's
 * own timers: where the machine is so busy that answers wait to be read, their senders are not the ones who are late.
 */

export interface Silence {
  /** Aborted when nothing was heard for too long, or all of it took too long. */
  readonly signal: AbortSignal
  heard(): void
  /** No more waiting. To be called in the end. */
  end(): void
}

/** Turns that make up a silence. One that the process has slept through counts once: what has arrived meanwhile is read before the next. */
const PARTS = 4

/**
 * @param limitMs how long nothing may be heard
 * @param longestMs how long all of it may take, whatever is heard; for ever when left out
 */
export function createSilence(limitMs: number, longestMs: number = Number.POSITIVE_INFINITY): Silence {
  const over = new AbortController()
  const startedAtMs = performance.now()
  let heardAtMs = startedAtMs
  /** Turns in a row in which nothing was heard. */
  let quiet = 0
  const timer = setInterval(() => {
    quiet++
    const nowMs = performance.now()
    const isSilent = quiet >= PARTS && nowMs - heardAtMs >= limitMs
    if (!isSilent && nowMs - startedAtMs < longestMs) return
    clearInterval(timer)
    over.abort(new DOMException('nothing was heard in time', 'TimeoutError'))
  }, limitMs / PARTS)
  return {
    signal: over.signal,
    heard() {
      heardAtMs = performance.now()
      quiet = 0
    },
    end: () => clearInterval(timer),
  }
}
