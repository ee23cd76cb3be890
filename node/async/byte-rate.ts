/**
 * Bytes per second for each client: a token bucket, and a queue in which the client's streams take turns. A stream that waits reads nothing
 * meanwhile, so flow control slows the bytes down at their source.
 */

import type { AbortOptions } from '../types.ts'
import { abortable } from './abort.ts'

export interface ByteRateOptions {
  /** For each client; 0: as fast as it goes. */
  bytesPerSecond: number
  /** Clock, in ms. */
  now?: () => number
}

export interface TakeOptions extends AbortOptions {
  /** Goes before the client's other streams: for small answers, and for those that a reader needs before it can begin. */
  isUrgent?: boolean
}

export interface ByteRate {
  /** When false, `take` resolves at once, and need not be called. */
  readonly isLimited: boolean
  /**
   * Resolves when the client may be given so many more bytes, in the order of asking. Ask for a small amount (`RATED_BYTES`) at a time: the
   * client's other streams come in between.
   *
   * @throws signal.reason, when aborted
   */
  take(client: string, bytes: number, options?: TakeOptions): Promise<void>
}

interface Bucket {
  /** Below zero while the bucket is in debt. */
  tokens: number
  filledAtMs: number
  /** In the order of asking. Bounded by the client's streams, whose number others limit. */
  queue: (() => void)[]
  timer: ReturnType<typeof setTimeout> | undefined
}

/** Bytes to take at a time: the streams of one client take turns at this. */
export const RATED_BYTES = 65_536
/** A full bucket, in seconds of the rate: an idle client gets a page without delay. */
const BURST_S = 0.25

export function createByteRate({ bytesPerSecond, now = () => performance.now() }: ByteRateOptions): ByteRate {
  const burst = bytesPerSecond * BURST_S
  /** By client, longest idle first. Bounded by the clients of the last seconds: a full bucket is forgotten. */
  const buckets = new Map<string, Bucket>()

  function refill(bucket: Bucket): void {
    const nowMs = now()
    bucket.tokens = Math.min(burst, bucket.tokens + ((nowMs - bucket.filledAtMs) / 1_000) * bytesPerSecond)
    bucket.filledAtMs = nowMs
  }

  function forgetFull(): void {
    for (const [client, bucket] of buckets) {
      refill(bucket)
      if (bucket.tokens < burst || bucket.queue.length > 0) return
      buckets.delete(client)
    }
  }

  /** Lets the next ones go for as long as there are tokens, then comes back when there are again. */
  function serve(bucket: Bucket): void {
    clearTimeout(bucket.timer)
    bucket.timer = undefined
    refill(bucket)
    while (bucket.tokens > 0) {
      const next = bucket.queue.shift()
      if (next === undefined) return
      next()
    }
    if (bucket.queue.length === 0) return
    const waitMs = Math.ceil((-bucket.tokens / bytesPerSecond) * 1_000) + 1
    bucket.timer = setTimeout(serve, waitMs, bucket)
  }

  function bucketOf(client: string): Bucket {
    const bucket = buckets.get(client) ?? { tokens: burst, filledAtMs: now(), queue: [], timer: undefined }
    buckets.delete(client)
    forgetFull()
    buckets.set(client, bucket)
    return bucket
  }

  return {
    isLimited: bytesPerSecond > 0,
    take(client, bytes, { signal, isUrgent = false } = {}) {
      if (bytesPerSecond === 0) return Promise.resolve()
      return abortable(signal, (resolve) => {
        const bucket = bucketOf(client)
        const go = () => {
          bucket.tokens -= bytes
          resolve()
        }
        if (isUrgent) bucket.queue.unshift(go)
        else bucket.queue.push(go)
        if (bucket.timer === undefined) serve(bucket)
        return () => {
          if (signal?.aborted) bucket.queue = bucket.queue.filter((each) => each !== go)
        }
      })
    },
  }
}
