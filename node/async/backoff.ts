/** Exponential backoff with jitter: how long to wait before the next attempt, so that those who failed together do not come back together. */

export interface BackoffOptions {
  /** The wait after the first failure, in ms. */
  firstMs: number
  /** The longest wait, in ms; jitter may add to it. */
  maxMs: number
  /** How much longer each wait is than the one before. */
  factor?: number
  /** Each wait is spread evenly over ± this part of it, from 0 to 1. */
  jitter?: number
}

/**
 * The wait after so many failures in a row, in ms. For attempts that are counted elsewhere, in a database for instance.
 *
 * @param failures from 1
 * @param random from 0 to 1
 */
export function backoffMs(failures: number, { firstMs, maxMs, factor = 2, jitter = 0.5 }: BackoffOptions, random: () => number): number {
  const waitMs = Math.min(maxMs, firstMs * factor ** (failures - 1))
  return waitMs * (1 - jitter + 2 * jitter * random())
}

export function createBackoff(options: BackoffOptions, random: () => number) {
  let attempts = 0
  return {
    /** The wait before the next attempt, in ms. Longer with each call. */
    next: () => backoffMs(++attempts, options, random),
    /** An attempt succeeded: the next wait is the first one again. */
    reset() {
      attempts = 0
    },
    /** Waits since the start, or the last reset. */
    get attempts() {
      return attempts
    },
  }
}
