/**
 * Turns of the dials that nobody waits for: one at a time, and after each a pause three times as long as it took. Ten direct connections that a tab
 * opens at once make late the very calls that they are opened for (`npm run show-hall`).
 */

import { delay } from '../../async/delay.ts'
import { createSemaphore } from '../../async/semaphore.ts'

/** The pause after a dial, as a multiple of what the dial took. */
const REST_FACTOR = 3

export type DialTurns = ReturnType<typeof createDialTurns>

/** @param maxPauseMs the longest pause */
export function createDialTurns(maxPauseMs: number, now: () => number = () => performance.now()) {
  const places = createSemaphore(1)

  return {
    /**
     * Dials when its turn has come, or at once when the dial is awaited from now on.
     *
     * @param signals ended: the dial is not wanted any more; awaited: somebody waits for it
     * @throws what the dial throws; ended's reason, when aborted before the turn came
     */
    async run(dial: () => Promise<void>, { ended, awaited }: { ended: AbortSignal; awaited: AbortSignal }): Promise<void> {
      const endTurn = await places.acquire({ signal: AbortSignal.any([ended, awaited]) }).catch(() => undefined)
      const beganMs = now()
      try {
        ended.throwIfAborted()
        await dial()
      } finally {
        if (endTurn !== undefined)
          delay(Math.min(REST_FACTOR * (now() - beganMs), maxPauseMs), { signal: ended })
            .catch(() => {})
            .finally(endTurn)
      }
    },
  }
}
