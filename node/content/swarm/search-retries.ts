/** Repeats the searches of a patient swarm with backoff: after members were lost, and for tabs that could not be reached directly. */

import { createBackoff } from '../../async/backoff.ts'

export interface SearchRetriesOptions {
  /** Whether to search again for members that left or failed, and when no member has a piece. */
  isPatient: boolean
  /** The first wait before a search is repeated, in ms; each further one is twice as long until something comes of it. */
  retryMs: number
  maxRetryMs: number
  /** The same for a tab that could not be reached directly. */
  reachAgainMs: number
  maxReachAgainMs: number
}

const MAX_UNREACHED = 256
/** Part of a wait; small, since a tab that could not be reached is given no address for a fixed time (network/direct.ts). */
const REACH_JITTER = 0.1

export function createSearchRetries(
  { isPatient, retryMs, maxRetryMs, reachAgainMs, maxReachAgainMs }: SearchRetriesOptions,
  startSearches: () => void,
  random: () => number,
) {
  const backoff = createBackoff({ firstMs: retryMs, maxMs: maxRetryMs }, random)
  const reachBackoff = createBackoff({ firstMs: reachAgainMs, maxMs: maxReachAgainMs, jitter: REACH_JITTER }, random)
  /** By peer id: not reached directly, and not found again. Bounded: MAX_UNREACHED. */
  const unreached = new Set<string>()
  let timer: ReturnType<typeof setTimeout> | undefined
  let reachTimer: ReturnType<typeof setTimeout> | undefined
  let isStopped = false

  function reachAgain(): void {
    reachTimer = setTimeout(() => {
      reachTimer = undefined
      if (unreached.size === 0) return
      startSearches()
      reachAgain()
    }, reachBackoff.next())
  }

  return {
    /** Counts of presence announce peers that come. This is for those that are still there, and failed. */
    onLost(): void {
      if (!isPatient || timer !== undefined || isStopped) return
      timer = setTimeout(() => {
        timer = undefined
        startSearches()
      }, backoff.next())
    },
    /** Meanwhile its home sends the pieces, at the cost of the home's owner, so one failed dial is not the end. */
    onUnreachable(peer: string): void {
      if (unreached.size < MAX_UNREACHED) unreached.add(peer)
      if (isPatient && reachTimer === undefined && !isStopped) reachAgain()
    },
    onMet: (peer: string) => unreached.delete(peer),
    /** A member has sent a right piece: the next wait is a short one. */
    onProgress(isDirect: boolean): void {
      backoff.reset()
      if (isDirect) reachBackoff.reset()
    },
    stop(): void {
      isStopped = true
      clearTimeout(timer)
      clearTimeout(reachTimer)
    },
  }
}
