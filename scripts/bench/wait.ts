/** Polling, for conditions that have no event of their own. */

import { setTimeout as delay } from 'node:timers/promises'

/** Between two looks, in ms. */
const LOOK_MS = 2

/**
 * Resolves with how long it took, in ms.
 *
 * @throws when the condition does not hold in time
 */
export async function waitUntil(condition: () => boolean | Promise<boolean>, timeoutMs: number, what: string): Promise<number> {
  const startedAtMs = performance.now()
  while (!(await condition())) {
    if (performance.now() - startedAtMs > timeoutMs) throw new Error(`not within ${timeoutMs} ms: ${what}`)
    await delay(LOOK_MS)
  }
  return performance.now() - startedAtMs
}

/** Runs the tasks, at most so many at once, and resolves with their results in order. */
export async function mapParallel<T, R>(items: readonly T[], limit: number, task: (item: T, index: number) => Promise<R>): Promise<R[]> {
  const results = new Array<R>(items.length)
  const rest = items.entries()
  const work = async () => {
    for (const [index, item] of rest) results[index] = await task(item, index)
  }
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, work))
  return results
}
