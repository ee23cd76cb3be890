/**
 * Token buckets: so much at once, and so much per second for long. Buckets by key are for clients that are many and come and go: a client
 * that is forgotten starts with a full bucket, so an attacker gains little by having many names.
 *
 * @see https://en.wikipedia.org/wiki/Token_bucket
 */

import { createRecentMap } from './recent-map.ts'

/** Its numbers are read at each use, so they may change. */
export interface TokenBucketOptions {
  /** Tokens in a full bucket. A new one is full. */
  readonly burst: number
  /** Tokens that come back each second. */
  readonly perSecond: number
  /** Clock, in ms; any origin. When it is set back, nothing is taken away. */
  now(): number
}

/** The state of a bucket, apart from the functions: there may be tens of thousands. */
interface Level {
  /** Below zero while the bucket is in debt. */
  tokens: number
  filledAtMs: number
}

export type TokenBucket = ReturnType<typeof createTokenBucket>

export function createTokenBucket(options: TokenBucketOptions) {
  const level = fullLevel(options)
  return {
    /**
     * Takes tokens if they are there. A cost over `burst` counts as `burst`: it could never be paid otherwise.
     *
     * @returns 0 when they were taken; otherwise after how many ms they may be
     */
    take: (cost: number = 1) => takeFrom(level, cost, options),
    /** Takes tokens whether they are there or not. @returns 0 while any is left; otherwise after how many ms there is one again */
    spend(cost: number) {
      refill(level, options)
      level.tokens -= cost
      return level.tokens > 0 ? 0 : Math.floor((-level.tokens / options.perSecond) * 1_000) + 1
    },
    get isFull() {
      refill(level, options)
      return level.tokens >= options.burst
    },
  }
}

export type TokenBuckets = ReturnType<typeof createTokenBuckets>

/** @param options `maxKeys` buckets are remembered; the one that was used longest ago is forgotten first */
export function createTokenBuckets(options: TokenBucketOptions & { maxKeys: number }) {
  const levels = createRecentMap<string, Level>({ maxEntries: options.maxKeys })
  return {
    /** As `TokenBucket.take`, from the bucket of that key. */
    take: (key: string, cost: number = 1) =>
      takeFrom(
        levels.getOrCreate(key, () => fullLevel(options)),
        cost,
        options,
      ),
  }
}

const fullLevel = ({ burst, now }: TokenBucketOptions): Level => ({ tokens: burst, filledAtMs: now() })

function refill(level: Level, { burst, perSecond, now }: TokenBucketOptions): void {
  const nowMs = now()
  const passedMs = Math.max(0, nowMs - level.filledAtMs)
  level.tokens = Math.min(burst, level.tokens + (passedMs / 1_000) * perSecond)
  level.filledAtMs = nowMs
}

function takeFrom(level: Level, cost: number, options: TokenBucketOptions): number {
  refill(level, options)
  const price = Math.min(cost, options.burst)
  if (level.tokens < price) return Math.ceil(((price - level.tokens) / options.perSecond) * 1_000)
  level.tokens -= price
  return 0
}
