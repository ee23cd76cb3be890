/** Retries until a holder sends the content: a holder count above zero triggers an attempt, and a backoff spaces attempts that fail all the same. */

import { createBackoff } from '../../node/async/backoff.ts'
import { delay } from '../../node/async/delay.ts'
import type { AbortOptions, Key, Peer } from '../../node/index.ts'
import type { PeerLibrary } from '../peer/peer-library.ts'

export interface OnceHeldOptions extends Required<AbortOptions> {
  /** Called after each attempt that found no holder that sends it. */
  onWaiting(): void
}

export const ONCE_HELD_DEFAULTS = {
  retryMs: 1_000,
  maxRetryMs: 30_000,
} as const

/**
 * @throws what `attempt` throws, except for errors that mean that nobody sends it now
 * @throws signal.reason, when aborted
 */
export async function onceHeld<T>(
  { MayflyError }: PeerLibrary,
  peer: Peer,
  key: Key,
  attempt: () => Promise<T>,
  { signal, onWaiting }: OnceHeldOptions,
): Promise<T> {
  const backoff = createBackoff({ firstMs: ONCE_HELD_DEFAULTS.retryMs, maxMs: ONCE_HELD_DEFAULTS.maxRetryMs }, Math.random)
  for (;;) {
    try {
      return await attempt()
    } catch (error) {
      signal.throwIfAborted()
      const isForNow = error instanceof MayflyError && ['ERR_NO_HOLDER', 'ERR_NO_NETWORK', 'ERR_UNAVAILABLE'].includes(error.code)
      if (!isForNow) throw error
    }
    onWaiting()
    await delay(backoff.next(), { signal })
    for await (const count of peer.rendezvous.watch(key, { signal })) if (count > 0) break
  }
}
