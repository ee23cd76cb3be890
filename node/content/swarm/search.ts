/** Searches for members of a swarm, repeats the searches, and bans members that lied or failed. */

import { backoffMs, createBackoff } from '../../async/backoff.ts'
import { createRecentMap } from '../../async/recent-map.ts'
import type { Candidate } from '../fetch/candidates.ts'
import type { Part, SwarmContext, SwarmSettings } from './swarm-options.ts'

export type Fault = 'lie' | 'failure'

interface SearchListener {
  /** Resolves when there is room for another member. */
  room(): Promise<void>
  onCandidate(candidate: Candidate, part: Part): void
  onRise(): void
  onEnd(): void
}

const MAX_BANS = 256
const MAX_UNREACHED = 256
/** Part of a wait; small, since a tab that could not be reached is given no address for a fixed time (network/direct.ts). */
const REACH_JITTER = 0.1

/** Searches once when it is started, and again whenever presence counts more holders than before. */
export function createSearch(part: Part, { candidates, onCount }: SwarmContext, listener: SearchListener) {
  const stopped = new AbortController()
  const { signal } = stopped
  let isRunning = false
  let isWanted = false
  let counted: number | undefined
  let hasFound = false

  async function run(): Promise<void> {
    isRunning = true
    while (isWanted && !signal.aborted) {
      isWanted = false
      try {
        for await (const candidate of candidates(part, signal)) {
          await listener.room()
          if (signal.aborted) break
          hasFound = true
          listener.onCandidate(candidate, part)
        }
      } catch {
        // The network is down. The next rise of the count starts another search.
      }
    }
    isRunning = false
    listener.onEnd()
  }

  function start(): void {
    isWanted = true
    if (!isRunning && !signal.aborted) void run()
  }

  const stopCounting = onCount(part, (now) => {
    // The first count includes the holders that are being found already.
    const before = counted ?? (isRunning || hasFound ? now : 0)
    counted = now
    if (now <= before) return
    listener.onRise()
    start()
  })
  return {
    start,
    stop() {
      stopped.abort(new Error('the swarm was stopped'))
      stopCounting()
    },
    get isRunning() {
      return isRunning
    },
    /** Holders by presence; undefined while that is not known. */
    get counted() {
      return counted
    },
  }
}

/** Repeats the searches of a patient swarm with backoff: after members were lost, and for tabs that could not be reached directly. */
export function createSearchRetries(
  { isPatient, retryMs, maxRetryMs, reachAgainMs, maxReachAgainMs }: SwarmSettings,
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

/**
 * Bans members with exponential backoff: for good after a lie, for a while after failures. The first ban for a failure lasts `retryMs` twice,
 * and each further one twice as long as the one before.
 */
export function createBans({ retryMs, maxRetryMs }: SwarmSettings, random: () => number) {
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
