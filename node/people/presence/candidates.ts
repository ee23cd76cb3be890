/**
 * Holders of one key that are not here by a link, and when each is dialled. Both ends look for each other, so the one that came later dials at once,
 * and the other a moment later: of a thousand who see somebody come, none does, and the newcomer dials as many at once as it can take. A holder is only a claim: one that proves to be somebody else is left alone for long.
 */

import { backoffMs } from '../../async/backoff.ts'
import { createRecentMap } from '../../async/recent-map.ts'
import { createTokenBucket } from '../../async/token-bucket.ts'
import type { WayTarget } from '../way/types.ts'
import type { DialOutcome } from './link-dialer.ts'

export const CANDIDATE_DEFAULTS = {
  /** How much later those dial who were here first, in ms: up to twice as much. */
  laterMs: 1_000,
  /** Dials for one key at once: with more, a crowd that comes together on a busy machine gives up handshakes that were nearly done. */
  maxDials: 4,
  /** How long a holder is left alone that is not whom it claims to be, or that refuses, in ms. */
  strangerMs: 600_000,
  /** Failed dials for one key at once, and per second for long: so many forged holders cost no more. */
  failureBurst: 16,
  failuresPerSecond: 0.2,
}

const UNREACHABLE = { firstMs: 250, maxMs: 60_000 }
/** Somebody whom a crowd dials dials the crowd, too: it is given the time. */
const BUSY = { firstMs: 4_000, maxMs: 60_000, factor: 1.5 }
/** How long it is relied on that a holder is where it was found, in ms. */
const TARGET_MS = 5_000
/** Holders that are remembered. */
const MAX_CANDIDATES = 1_024

interface Candidate {
  target: WayTarget
  foundAtMs: number
  dueAtMs: number
  failures: number
  isDialing: boolean
  isStranger: boolean
}

export interface CandidatesContext {
  /** This instance's peer id. */
  self: string
  /** True for an instance that is here. */
  isPresent(peer: string): boolean
  dial(target: WayTarget): Promise<DialOutcome>
  onFailed(): void
  /** `now` is monotonic, in ms. */
  clock: { now(): number; random(): number }
}

export function createCandidates(
  { self, isPresent, dial, onFailed, clock }: CandidatesContext,
  options: Partial<typeof CANDIDATE_DEFAULTS>,
) {
  const { now, random } = clock
  const settings = { ...CANDIDATE_DEFAULTS, ...options }
  const candidates = createRecentMap<string, Candidate>({ maxEntries: MAX_CANDIDATES })
  const failures = createTokenBucket({ burst: settings.failureBurst, perSecond: settings.failuresPerSecond, now })
  let dialing = 0
  /** Too many dials have failed: there is none before. */
  let dialsFromMs = Number.NEGATIVE_INFINITY
  let timer: ReturnType<typeof setTimeout> | undefined
  let isEnded = false

  /** Of two that dial each other one is enough: in a crowd each begins with those of a larger id, and the others dial it meanwhile. */
  function inTurn(): [string, Candidate][] {
    const all = [...candidates]
    return [...all.filter(([peer]) => peer > self), ...all.filter(([peer]) => peer < self)]
  }

  /** Dials those whose time has come, and waits for the next. */
  function dialDue(): void {
    clearTimeout(timer)
    if (isEnded) return
    let nextMs = Number.POSITIVE_INFINITY
    for (const [peer, candidate] of inTurn()) {
      if (candidate.isDialing || isPresent(peer) || now() - candidate.foundAtMs > TARGET_MS) continue
      const waitMs = Math.max(candidate.dueAtMs, dialsFromMs) - now()
      if (waitMs > 0) nextMs = Math.min(nextMs, waitMs)
      else if (dialing < settings.maxDials) void dialOne(peer, candidate)
    }
    if (nextMs < TARGET_MS) timer = setTimeout(dialDue, nextMs)
  }

  async function dialOne(peer: string, candidate: Candidate): Promise<void> {
    dialing++
    candidate.isDialing = true
    const outcome = await dial(candidate.target)
    dialing--
    candidate.isDialing = false
    if (isEnded) return
    if (outcome === 'open') candidates.delete(peer)
    else {
      dialsFromMs = now() + failures.spend(1)
      candidate.failures++
      candidate.isStranger = outcome === 'stranger' || outcome === 'refused'
      const { strangerMs } = settings
      const backoff = outcome === 'busy' ? BUSY : UNREACHABLE
      const waitMs = candidate.isStranger ? strangerMs * (0.75 + random() / 2) : backoffMs(candidate.failures, backoff, random)
      candidate.dueAtMs = now() + waitMs
      onFailed()
    }
    dialDue()
  }

  return {
    /**
     * A search has met the holder.
     *
     * @param isUrgent this instance came later, or the holder was here a moment ago
     * @returns true when it is new
     */
    meet(target: WayTarget, isUrgent: boolean): boolean {
      const { peer } = target
      if (peer === self || isPresent(peer) || isEnded) return false
      const found = { target, foundAtMs: now() }
      const known = candidates.get(peer)
      if (known !== undefined) Object.assign(known, found)
      else {
        const laterMs = isUrgent ? 0 : settings.laterMs * (1 + random())
        candidates.set(peer, { ...found, dueAtMs: now() + laterMs, failures: 0, isDialing: false, isStranger: false })
      }
      dialDue()
      return known === undefined
    },
    /** Holders that may belong here, and are being dialled or wait for it: how many, and how long the first of them does, in ms. */
    get waiting() {
      let [number, firstMs] = [0, Number.POSITIVE_INFINITY]
      for (const [peer, { isStranger, isDialing, dueAtMs, foundAtMs }] of [...candidates]) {
        const fromMs = Math.max(dueAtMs, dialsFromMs)
        const waitMs = isDialing ? TARGET_MS : (fromMs > now() ? fromMs : foundAtMs + TARGET_MS) - now()
        if (isStranger || isPresent(peer) || waitMs <= 0) continue
        number++
        firstMs = Math.min(firstMs, waitMs)
      }
      return { number, firstMs }
    },
    /** True for a holder that does not belong here. */
    isStranger: (peer: string) => candidates.peek(peer)?.isStranger === true && !isPresent(peer),
    forget: (peer: string) => candidates.delete(peer),
    /** Strangers are dialled again when they are met. */
    retry() {
      for (const candidate of candidates.values()) {
        if (!candidate.isStranger) continue
        candidate.dueAtMs = now()
        candidate.isStranger = false
      }
    },
    end() {
      isEnded = true
      clearTimeout(timer)
    },
  }
}
