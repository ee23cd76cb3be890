/** So many at once, the others in the order of their asking. */

import type { AbortOptions } from '../types.ts'
import { abortable } from './abort.ts'

export type Semaphore = ReturnType<typeof createSemaphore>

/** @param places how many may hold one at once */
export function createSemaphore(places: number) {
  let taken = 0
  /** In the order of asking. Bounded by the callers of `acquire`. */
  const queue = new Set<(release: () => void) => void>()

  function place(): () => void {
    let isHeld = true
    return () => {
      if (!isHeld) return
      isHeld = false
      for (const next of queue) {
        queue.delete(next)
        next(place())
        return
      }
      taken--
    }
  }

  /** A place, when there is one. @returns a function that gives it back; it may be called twice */
  function tryAcquire(): (() => void) | undefined {
    if (taken >= places) return undefined
    taken++
    return place()
  }

  /**
   * Waits for a place.
   *
   * @returns a function that gives it back; it may be called twice
   * @throws signal.reason, when aborted first
   */
  function acquire({ signal }: AbortOptions = {}): Promise<() => void> {
    return abortable(signal, (resolve) => {
      const release = tryAcquire()
      if (release !== undefined) {
        resolve(release)
        return undefined
      }
      queue.add(resolve)
      return () => queue.delete(resolve)
    })
  }

  return {
    tryAcquire,
    acquire,
    /** Does the work in a place. @throws what the work throws, and signal.reason when aborted before it began */
    async run<T>(work: () => Promise<T>, options?: AbortOptions): Promise<T> {
      const release = await acquire(options)
      try {
        return await work()
      } finally {
        release()
      }
    },
    /** Places that are taken, and how many wait for one. */
    get taken() {
      return taken
    },
    get waiting() {
      return queue.size
    },
  }
}
