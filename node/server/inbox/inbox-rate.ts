/** How often each sender may write: a token bucket of one minute's worth for each. */

export interface InboxRateOptions {
  /** Messages per minute and sender; 0: no limit. */
  perMinute: number
  /** Time in ms; any origin. */
  now: () => number
}

/**
 * Senders that are remembered at once. Who has been quiet longest is forgotten first: after a minute its bucket is full again anyway, and a
 * flood is never quiet.
 */
const MAX_SENDERS = 10_000
const MINUTE_MS = 60_000

export class InboxRate {
  readonly #perMinute: number
  readonly #now: () => number
  /** By hashname, who wrote last at the end. Bounded: MAX_SENDERS. */
  readonly #buckets = new Map<string, { tokens: number; atMs: number }>()

  constructor({ perMinute, now }: InboxRateOptions) {
    this.#perMinute = perMinute
    this.#now = now
  }

  /** True when the sender may write one more now; that one is counted. */
  take(sender: string): boolean {
    if (this.#perMinute === 0) return true
    const atMs = this.#now()
    const { tokens, atMs: earlierMs } = this.#buckets.get(sender) ?? { tokens: this.#perMinute, atMs }
    const filled = Math.min(this.#perMinute, tokens + ((atMs - earlierMs) * this.#perMinute) / MINUTE_MS)
    const isFree = filled >= 1
    this.#buckets.delete(sender)
    this.#buckets.set(sender, { tokens: isFree ? filled - 1 : filled, atMs })
    const [quietest] = this.#buckets.keys()
    if (this.#buckets.size > MAX_SENDERS && quietest !== undefined) this.#buckets.delete(quietest)
    return isFree
  }
}
