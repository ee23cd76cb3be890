/** Polling, for conditions that have no event of their own. */

/** Between two looks at something in this process. */
const POLL_MS = 5
/** At most, between two questions to another process: each costs both of them processor time. */
const MAX_POLL_MS = 50
/** Beside a process that keeps a core busy, a moment takes seconds: nothing is given up sooner than this. */
const LEAST_TIMEOUT_MS = 5_000

/**
 * Resolves as soon as the condition holds, with the time that this took, in ms: a test of how soon something happens looks at that.
 *
 * @throws when the condition does not hold in time; the error says what was waited for
 */
export async function waitFor(
  condition: () => boolean | Promise<boolean>,
  timeoutMs: number,
  what: string | (() => string),
): Promise<number> {
  const startedAtMs = performance.now()
  const limitMs = Math.max(timeoutMs, LEAST_TIMEOUT_MS)
  for (;;) {
    const answer = condition()
    if (await answer) break
    const waitedMs = performance.now() - startedAtMs
    if (waitedMs > limitMs) throw new Error(`not within ${limitMs} ms: ${typeof what === 'string' ? what : what()}`)
    // A question is asked again after a twentieth of the time that has passed: the answer comes late by no more than that.
    const pauseMs = typeof answer === 'boolean' ? POLL_MS : Math.min(MAX_POLL_MS, Math.max(POLL_MS, waitedMs / 20))
    await new Promise((resolve) => setTimeout(resolve, pauseMs))
  }
  return performance.now() - startedAtMs
}
