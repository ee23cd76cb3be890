/** How much each sender may send: a token bucket for each, so that bursts are fine and floods are not. */

export interface SenderRateOptions {
  /** Messages at once. */
  burst: number
  perSecond: number
  /** Senders that are remembered; one that is forgotten starts anew. */
  maxSenders?: number
}

const MAX_SENDERS = 16_384

export interface SenderRate {
  /**
   * 0: it may be sent. Otherwise after how many ms it may.
   *
   * @param cost in messages, of which it may be several
   */
  take(sender: string, cost?: number): number
}

export function createSenderRate({ burst, perSecond, maxSenders = MAX_SENDERS }: SenderRateOptions, now: () => number): SenderRate {
  /** By sender, least lately seen first. Bounded: maxSenders. */
  const buckets = new Map<string, { tokens: number; filledAtMs: number }>()

  return {
    take(sender, cost = 1) {
      const nowMs = now()
      const bucket = buckets.get(sender) ?? { tokens: burst, filledAtMs: nowMs }
      buckets.delete(sender)
      buckets.set(sender, bucket)
      const oldest = buckets.size > maxSenders ? buckets.keys().next().value : undefined
      if (oldest !== undefined) buckets.delete(oldest)
      // A clock that was set back takes nothing away.
      const passedMs = Math.max(0, nowMs - bucket.filledAtMs)
      bucket.tokens = Math.min(burst, bucket.tokens + (passedMs / 1_000) * perSecond)
      bucket.filledAtMs = nowMs
      const price = Math.min(cost, burst)
      if (bucket.tokens < price) return Math.ceil(((price - bucket.tokens) / perSecond) * 1_000)
      bucket.tokens -= price
      return 0
    },
  }
}
