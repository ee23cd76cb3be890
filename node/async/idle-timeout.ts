/**
 * Idle timeout: a signal that is aborted when nothing has been received for too long. It counts turns of this process's own timers, so that
 * on a machine so busy that answers wait to be read, their senders are not the ones who are late.
 */

import { formatDuration } from './duration.ts'
import { TIMERS, type Timers } from './timers.ts'

/** Timer turns that make up the idle time. A turn that the process has slept through counts once: what has arrived meanwhile is read before the next. */
const PARTS = 4

export type IdleTimeout = ReturnType<typeof createIdleTimeout>

/**
 * @param limitMs how long nothing may be received
 * @param longestMs how long all of it may take, whatever is received; for ever when left out
 */
export function createIdleTimeout(limitMs: number, longestMs: number = Number.POSITIVE_INFINITY, timers: Timers = TIMERS) {
  const over = new AbortController()
  const startedAtMs = timers.now()
  let receivedAtMs = startedAtMs
  /** Turns in a row in which nothing was received. */
  let quiet = 0
  const end = timers.every(limitMs / PARTS, () => {
    quiet++
    const nowMs = timers.now()
    const isSilent = quiet >= PARTS && nowMs - receivedAtMs >= limitMs
    if (!isSilent && nowMs - startedAtMs < longestMs) return
    end()
    const words = isSilent ? `nothing was received for ${formatDuration(limitMs)}` : `not finished in ${formatDuration(longestMs)}`
    over.abort(new DOMException(words, 'TimeoutError'))
  })
  return {
    /** Aborted when the idle time, or the longest time, is over. */
    signal: over.signal,
    /** Something was received: the idle time begins anew. */
    touch() {
      receivedAtMs = timers.now()
      quiet = 0
    },
    /** Stops the timer. To be called in the end. */
    end,
  }
}
