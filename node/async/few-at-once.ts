/** Work on many items, a few of them at once. */

import type { AbortOptions } from '../types.ts'

interface FewAtOnceOptions<T> extends AbortOptions {
  /** Items of one key are worked on one after the other. Undefined: it waits for no other. */
  keyOf?(item: T): string | undefined
}

/**
 * Begins in the order of the items. The first failure aborts the signal of the others; it resolves, or rejects, when nothing is under way any more.
 *
 * @throws what the work threw first, and signal.reason when aborted
 */
export async function fewAtOnce<T>(
  items: readonly T[],
  places: number,
  work: (item: T, signal: AbortSignal) => Promise<void>,
  { signal: outer, keyOf = () => undefined }: FewAtOnceOptions<T> = {},
): Promise<void> {
  const failed = new AbortController()
  const signal = outer === undefined ? failed.signal : AbortSignal.any([outer, failed.signal])
  const left = [...items]
  /** Bounded: the places. */
  const keys = new Set<string>()

  function next(): { item: T; key: string | undefined } | undefined {
    for (const [i, item] of left.entries()) {
      const key = keyOf(item)
      if (key !== undefined && keys.has(key)) continue
      left.splice(i, 1)
      return { item, key }
    }
    return undefined
  }

  async function run(): Promise<void> {
    for (let taken = next(); taken !== undefined; taken = next()) {
      signal.throwIfAborted()
      const { item, key } = taken
      if (key !== undefined) keys.add(key)
      await work(item, signal)
      if (key !== undefined) keys.delete(key)
    }
  }

  const runs = Array.from({ length: Math.min(places, left.length) }, run)
  try {
    await Promise.all(runs)
  } catch (error) {
    failed.abort(error)
    throw error
  } finally {
    await Promise.allSettled(runs)
  }
}
