/** Polling, for conditions that have no event of their own. */

const POLL_MS = 5

/**
 * Resolves as soon as the condition holds, with the time that this took, in ms.
 *
 * @throws when the condition does not hold in time; the error says what was waited for
 */
export async function waitFor(
  condition: () => boolean | Promise<boolean>,
  timeoutMs: number,
  what: string | (() => string),
): Promise<number> {
  const startedAtMs = performance.now()
  while (!(await condition())) {
    if (performance.now() - startedAtMs > timeoutMs)
      throw new Error(`not within ${timeoutMs} ms: ${typeof what === 'string' ? what : what()}`)
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
  return performance.now() - startedAtMs
}
