/** Requests that come before the node has joined the network: they wait for it, since it takes a moment and "not connected" would be news of no use. */

import { inTime, raceAbort } from '../../node/async/abort.ts'
import type { Peer } from '../../node/index.ts'

/**
 * Waits for the first join, no longer than `maxMs`. A node that has joined once, or could not in time, delays nothing any more.
 *
 * @throws signal.reason, when aborted
 */
export type FirstJoin = (signal: AbortSignal, maxMs?: number) => Promise<void>

/**
 * @param firstJoinMs the longest wait, from now on
 * @param closing ends all waits
 */
export function createFirstJoin(peer: Pick<Peer, 'joined'>, firstJoinMs: number, closing: AbortSignal): FirstJoin {
  let isOver = false
  const first = inTime(peer.joined({ signal: closing }), firstJoinMs)
    .catch(() => {}) // the request itself learns why it cannot be answered
    .finally(() => {
      isOver = true
    })
  return async (signal, maxMs = firstJoinMs) => {
    if (!isOver) await inTime(raceAbort(first, signal), Math.min(maxMs, firstJoinMs))
  }
}
