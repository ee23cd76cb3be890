/**
 * How many bytes a second one client may take: a token bucket for each, and a queue where its streams take turns. It only says when;
 * whoever waits for it does not read on meanwhile, so that slowness reaches back to where the bytes come from.
 */

import type { AbortOptions } from '../types.ts'

export interface ByteRateOptions {
  /** For each client; 0: as fast as it goes. */
  bytesPerSecond: number
  /** Clock, in ms. */
  now?: () => number
}

export interface TakeOptions extends AbortOptions {
  /** Goes before what the client's other streams wait for: what is small, and what others wait for before they can begin. */
  isUrgent?: boolean
}

export interface ByteRate {
  /** Where false, `take` resolves at once: whoever has a shorter way need not ask. */
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
  /** Less than nothing while what was taken last is being paid for. */
  tokens: number
  filledAtMs: number
  /** In the order of asking. Bounded by the client's streams, whose number others limit. */
  queue: (() => void)[]
  timer: ReturnType<typeof setTimeout> | undefined
}

/** What is taken at a time, in bytes: streams of one client take turns at this. */
export const RATED_BYTES = 65_536
/** How much a client that was idle gets at once, as a part of what it may take in a second: a page comes without delay. */
const BURST_S = 0.25

export function createByteRate({ bytesPerSecond, now = () => performance.now() }: ByteRateOptions): ByteRate {
  const burst = bytesPerSecond * BURST_S
  /** By client, longest idle first. Bounded by who took something in the last seconds: a full bucket is forgotten. */
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
      return new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason)
        const bucket = bucketOf(client)
        const go = () => {
          signal?.removeEventListener('abort', onAbort)
          bucket.tokens -= bytes
          resolve()
        }
        const onAbort = () => {
          bucket.queue = bucket.queue.filter((each) => each !== go)
          reject(signal?.reason)
        }
        signal?.addEventListener('abort', onAbort, { once: true })
        if (isUrgent) bucket.queue.unshift(go)
        else bucket.queue.push(go)
        if (bucket.timer === undefined) serve(bucket)
      })
    },
  }
}
