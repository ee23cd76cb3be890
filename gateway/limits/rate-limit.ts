/** A token bucket for each client address: bursts are fine, going on for ever at that pace is not. */

import { addressGroup } from '../http/client-address.ts'
import { ProblemError } from '../http/problem.ts'
import { RecentMap } from './recent-map.ts'

export interface RateLimitOptions {
  /** Tokens that a client has at first, and at most. */
  burst: number
  /** Tokens that come back each second. */
  perSecond: number
  /** Clock, in ms. */
  now: () => number
  /** What is limited, as a refusal says it: "your address searches too often", "100 searches a second". */
  words: { does: string; things: string }
  /** Of the refusal; see `Problem`. */
  number?: number
}

interface Bucket {
  tokens: number
  filledAtMs: number
}

/** Addresses that are remembered. One that is forgotten starts anew, so an attacker gains little from having many. */
const MAX_ADDRESSES = 10_000

export class RateLimit {
  readonly #buckets = new RecentMap<string, Bucket>(MAX_ADDRESSES)
  readonly #options: RateLimitOptions

  constructor(options: RateLimitOptions) {
    this.#options = options
  }

  /**
   * Takes one token of the client's.
   *
   * @throws {ProblemError} 429 when there is none left
   */
  take(address: string): void {
    const { burst, perSecond, now, words, number } = this.#options
    const group = addressGroup(address)
    const nowMs = now()
    const bucket = this.#buckets.get(group) ?? { tokens: burst, filledAtMs: nowMs }
    bucket.tokens = Math.min(burst, bucket.tokens + ((nowMs - bucket.filledAtMs) / 1_000) * perSecond)
    bucket.filledAtMs = nowMs
    this.#buckets.set(group, bucket)
    if (bucket.tokens < 1) {
      throw new ProblemError({
        status: 429,
        code: 'ERR_LIMIT',
        ...(number !== undefined && { number }),
        message: `Your address ${words.does} too often: the limit is ${perSecond} ${words.things} a second, after the first ${burst}.`,
        advice: 'Slow down and ask again.',
        retryAfterS: Math.ceil((1 - bucket.tokens) / perSecond),
      })
    }
    bucket.tokens--
  }
}
