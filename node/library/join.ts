/** Waits until a peer has joined, for a bounded time, and tells why it has not. */

import { createTimeout } from '../async/abort.ts'
import { formatDuration } from '../async/duration.ts'
import { MayflyError } from '../errors.ts'
import type { Peer } from '../peer.ts'
import type { AbortOptions } from '../types.ts'

export interface JoinOptions extends AbortOptions {
  /** How long to wait, in ms. Default: 30 s, or with a `signal` for as long as that allows. */
  timeoutMs?: number
}

const JOIN_MS = 30_000

/** @param addresses those that the peer was given */
export function createBoundedJoin(peer: Pick<Peer, 'onEvent' | 'status'>, addresses: Iterable<string>) {
  /** Why each address was not joined, last. Bounded by the addresses. */
  const reasons = new Map<string, string>()
  peer.onEvent((event) => {
    if (event.type === 'join-failed') reasons.set(event.address, event.reason)
    if (event.type === 'joined') reasons.clear()
  })

  function explain(): string {
    if (reasons.size > 0) return [...reasons.values()].join('; ')
    const given = [...addresses]
    if (given.length === 0) return 'it was given no address to join'
    return peer.status().startedAtMs === 0 ? 'it was not started' : `no answer from ${given.join(', ')}`
  }

  /**
   * @throws {MayflyError} ERR_NO_NETWORK, when the time is over
   * @throws signal.reason, when aborted
   */
  return async (join: (abort: AbortOptions) => Promise<void>, { signal, timeoutMs }: JoinOptions): Promise<void> => {
    const waitMs = timeoutMs ?? (signal === undefined ? JOIN_MS : undefined)
    if (waitMs === undefined) return join({ ...(signal && { signal }) })
    const late = createTimeout(waitMs)
    try {
      await join({ signal: signal === undefined ? late.signal : AbortSignal.any([signal, late.signal]) })
    } catch (error) {
      if (error !== late.signal.reason || error === undefined) throw error
      throw new MayflyError('ERR_NO_NETWORK', `Not joined after ${formatDuration(waitMs)}: ${explain()}`)
    } finally {
      late.end()
    }
  }
}
