/** Bans members of a swarm with exponential backoff: for good after a lie, for a while after failures. */

import { backoffMs } from '../../async/backoff.ts'
import { createRecentMap } from '../../async/recent-map.ts'

export type Fault = 'lie' | 'failure'

const MAX_BANS = 256

/** @param options the first ban for a failure lasts `retryMs` twice, and each further one twice as long as the one before */
export function createBans({ retryMs, maxRetryMs }: { retryMs: number; maxRetryMs: number }, random: () => number) {
  /** By peer id. */
  const bans = createRecentMap<string, { untilMs: number; times: number }>({ maxEntries: MAX_BANS, order: 'written' })
  return {
    has: (peer: string) => (bans.get(peer)?.untilMs ?? 0) > performance.now(),
    add(peer: string, fault: Fault): void {
      const times = (bans.get(peer)?.times ?? 0) + 1
      const forMs = fault === 'lie' ? Number.POSITIVE_INFINITY : backoffMs(times, { firstMs: retryMs * 2, maxMs: maxRetryMs }, random)
      bans.set(peer, { untilMs: performance.now() + forMs, times })
    },
    delete: bans.delete,
    /** Lifts all bans for failures. Liars stay banned. */
    liftFailures(): void {
      for (const [peer, { untilMs }] of bans) if (untilMs !== Number.POSITIVE_INFINITY) bans.delete(peer)
    },
  }
}
