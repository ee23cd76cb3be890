/** Repeats the searches of a patient swarm with backoff: after members were lost, and for tabs that could not be reached directly. */

import { createBackoff } from '../../async/backoff.ts'

export interface SearchRetriesOptions {
  /** False: nothing is repeated. */
  isPatient: boolean
  /** The first and the longest wait after members were lost, in ms. */
  retryMs: number
  maxRetryMs: number
  /** The same for tabs that could not be reached directly. */
  reachAgainMs: number
  maxReachAgainMs: number
}

export interface SearchRetries {
  /** Counts of presence announce peers that come. This is for those that are still there, and failed. */
  onLost(): void
  /** Meanwhile its home sends the pieces, at the cost of the home's owner, so one failed dial is not the end. */
  onUnreachable(peer: string): void
  /** The peer was found again. */
  onMet(peer: string): void
  /** A member has sent a right piece: the next wait is a short one. */
  onProgress(isDirect: boolean): void
  stop(): void
}

const MAX_UNREACHED = 256
/** Part of a wait; small, since a tab that could not be reached is given no address for a fixed time (network/direct.ts). */
const REACH_JITTER = 0.1

export function createSearchRetries(
  { isPatient, retryMs, maxRetryMs, reachAgainMs, maxReachAgainMs }: SearchRetriesOptions,
  startSearches: () => void,
  random: () => number,
): SearchRetries {
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
    onLost() {
      if (!isPatient || timer !== undefined || isStopped) return
      timer = setTimeout(() => {
        timer = undefined
        startSearches()
      }, backoff.next())
    },
    onUnreachable(peer) {
      if (unreached.size < MAX_UNREACHED) unreached.add(peer)
      if (isPatient && reachTimer === undefined && !isStopped) reachAgain()
    },
    onMet: (peer) => void unreached.delete(peer),
    onProgress(isDirect) {
      backoff.reset()
      if (isDirect) reachBackoff.reset()
    },
    stop() {
      isStopped = true
      clearTimeout(timer)
      clearTimeout(reachTimer)
    },
  }
}
