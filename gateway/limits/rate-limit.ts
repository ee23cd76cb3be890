/** A token bucket for each client: bursts are allowed, a lasting excess is refused. */

import { createTokenBuckets } from '../../node/async/token-bucket.ts'
import type { ClientAddress } from '../../node/index.ts'
import { problemError } from '../http/problem.ts'

interface RateLimitOptions {
  /** Tokens in a full bucket. */
  burst: number
  /** Tokens that come back each second. */
  perSecond: number
  /** Clock, in ms. */
  now: () => number
  /** The limited action, as a refusal names it: "your address searches too often", "100 searches a second". */
  words: { does: string; things: string }
  /** The number of the refusal; see `Problem`. */
  number?: number
}

const MAX_CLIENTS = 10_000

export type RateLimit = ReturnType<typeof createRateLimit>

export function createRateLimit({ burst, perSecond, now, words, number }: RateLimitOptions) {
  const buckets = createTokenBuckets({ burst, perSecond, now, maxKeys: MAX_CLIENTS })

  return {
    /**
     * Takes one token of the client's.
     *
     * @throws {ProblemError} 429 when there is none left
     */
    take({ group }: ClientAddress): void {
      const waitMs = buckets.take(group)
      if (waitMs === 0) return
      throw problemError(
        429,
        'ERR_LIMIT',
        `Your address ${words.does} too often: the limit is ${perSecond} ${words.things} a second, after the first ${burst}.`,
        { ...(number !== undefined && { number }), advice: 'Slow down and ask again.', retryAfterS: Math.ceil(waitMs / 1_000) },
      )
    },
  }
}
