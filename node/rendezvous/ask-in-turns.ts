/** Asks one of a key's record nodes first, and the others only when it gives too little: each of them knows the same holders. */

import { delay } from '../async/delay.ts'
import type { Timers } from '../async/timers.ts'

/**
 * How long the first may be silent before the others are asked as well, in ms. An answer on an open stream takes a few; a busy machine takes tens,
 * and more questions make it busier.
 */
const PATIENCE_MS = 50

/**
 * Yields what the first one finds. The others are asked, side by side, once it has said all it knows and the caller goes on, or is silent.
 *
 * @param ask yields what some of them find
 * @param onSilent hears of a first one that has not answered in time, so that others were asked beside it
 */
export async function* askInTurns<Name, T>(
  [first, ...others]: readonly Name[],
  ask: (names: Name[]) => AsyncIterable<T>,
  timers: Timers,
  onSilent: (name: Name) => void = () => {},
): AsyncGenerator<T> {
  const nexts = new Map<AsyncIterator<T>, Promise<Step<T>>>()
  const patience = new AbortController()
  let isOver: Promise<undefined> | undefined = delay(PATIENCE_MS, { signal: patience.signal }, timers).then(
    () => undefined,
    () => undefined,
  )
  let isWaiting = others.length > 0
  const step = (from: AsyncIterator<T>) =>
    nexts.set(
      from,
      from.next().then((result) => ({ from, result })),
    )
  const begin = (names: Name[]) => step(ask(names)[Symbol.asyncIterator]())
  try {
    if (first !== undefined) begin([first])
    while (nexts.size > 0) {
      const next = await Promise.race(isWaiting && isOver !== undefined ? [...nexts.values(), isOver] : nexts.values())
      // The first has answered, or has not in time: how long the caller takes with what is found says nothing of it.
      isOver = undefined
      if (next !== undefined && next.result.done !== true) {
        yield next.result.value
        step(next.from)
        continue
      }
      if (next !== undefined) nexts.delete(next.from)
      else if (first !== undefined) onSilent(first)
      if (isWaiting) begin(others)
      isWaiting = false
    }
  } finally {
    patience.abort()
    // The search that these belong to ends them; none is waited for.
    for (const [from, next] of nexts) {
      next.catch(() => {})
      from.return?.().catch(() => {})
    }
  }
}

interface Step<T> {
  from: AsyncIterator<T>
  result: IteratorResult<T>
}
