/** Asks for content again until somebody gives it: told when holders come, and after a while that grows where some are there and give nothing. */

import type { AbortOptions, Key, Peer } from '../../node/index.ts'
import type { PeerLibrary } from '../peer/peer-session.ts'

export interface OnceHeldOptions extends Required<AbortOptions> {
  /** Hears that nobody gives it now. */
  onWaiting(): void
}

export const ONCE_HELD_DEFAULTS = {
  retryMs: 1_000,
  maxRetryMs: 30_000,
} as const

/**
 * @throws what `attempt` throws, unless it says that nobody gives it now
 * @throws signal.reason, when aborted
 */
export async function onceHeld<T>(
  { MayflyError }: PeerLibrary,
  peer: Peer,
  key: Key,
  attempt: () => Promise<T>,
  { signal, onWaiting }: OnceHeldOptions,
): Promise<T> {
  const { maxRetryMs } = ONCE_HELD_DEFAULTS
  for (let retryMs: number = ONCE_HELD_DEFAULTS.retryMs; ; retryMs = Math.min(2 * retryMs, maxRetryMs)) {
    try {
      return await attempt()
    } catch (error) {
      signal.throwIfAborted()
      const isForNow = error instanceof MayflyError && ['ERR_NO_HOLDER', 'ERR_NO_NETWORK', 'ERR_UNAVAILABLE'].includes(error.code)
      if (!isForNow) throw error
    }
    onWaiting()
    await delay(retryMs, signal)
    for await (const count of peer.rendezvous.watch(key, { signal })) if (count > 0) break
  }
}

function delay(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = () => {
      clearTimeout(timer)
      reject(signal.reason)
    }
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', onAbort)
      resolve()
    }, ms)
    signal.addEventListener('abort', onAbort, { once: true })
  })
}
