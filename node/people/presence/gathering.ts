/**
 * Finds those who are at one key: a contact's account, this account, or a room. The count of the key is pushed; while it says that somebody is
 * there whom no link accounts for, the key's holders are looked for, and each new one is dialled.
 *
 * A leave and a join that leave the count as it was are no trap: the end of a link starts a search, too, and whoever came looks for those who were
 * there.
 */

import { createBackoff } from '../../async/backoff.ts'
import { createIdleTimeout } from '../../async/idle-timeout.ts'
import type { Semaphore } from '../../async/semaphore.ts'
import type { Key } from '../../types.ts'
import { type CANDIDATE_DEFAULTS, type CandidatesContext, createCandidates } from './candidates.ts'
import type { PresenceRendezvous } from './types.ts'

export interface GatheringContext extends Pick<CandidatesContext, 'self' | 'dial' | 'clock'> {
  key: Key
  /** This instance holds the key itself: it is one of those who are counted. */
  isHeld: boolean
  rendezvous: Pick<PresenceRendezvous, 'find' | 'onCount'>
  /** The records do not have an instance any more whose link was cut. */
  onLeft(peer: string): void
  /** For the searches of all gatherings. */
  searches: Pick<Semaphore, 'run'>
}

export const GATHERING_DEFAULTS = {
  /** How long the first count may take before the holders are looked for without one, in ms. */
  countMs: 3_000,
}

/** Waits between searches: while somebody is missing; while an instance is lost, whose home may have gone; while nobody tells the count. */
const MISSING = { firstMs: 150, maxMs: 60_000, factor: 1.3 }
const LOST = { firstMs: 150, maxMs: 1_000 }
const UNCOUNTED = { firstMs: 30_000, maxMs: 600_000 }
/** The longest wait for holders that have been found and are to be dialled, in ms: one of them may be forged, and hide somebody. */
const LONGEST_WAIT_MS = 10_000
/** Between two searches, in ms. */
const SPACING_MS = 100
/** How long the count may take to follow a link that has ended, in ms: as a rule it says that nobody is missing. */
const COUNT_LAG_MS = 200
/** How long after the first count those who are found may have been here first, in ms. */
const SETTLE_MS = 2_000
/** A search ends when nothing has come for so long, and after so long in all, in ms. */
const SEARCH_IDLE_MS = 1_000
const SEARCH_MS = 4_000
/** Holders that one search takes. */
const MAX_MET = 128

export type Gathering = ReturnType<typeof createGathering>

export function createGathering(context: GatheringContext, options: Partial<typeof GATHERING_DEFAULTS & typeof CANDIDATE_DEFAULTS> = {}) {
  const { key, rendezvous, clock } = context
  const own = Number(context.isHeld)
  /** Instances that are here by a link that is open, and by one that was cut. Bounded by the links. */
  const present = new Set<string>()
  const lost = new Set<string>()
  const waits = {
    missing: createBackoff(MISSING, clock.random),
    lost: createBackoff(LOST, clock.random),
    uncounted: createBackoff(UNCOUNTED, clock.random),
  }
  const ended = new AbortController()
  let count: number | undefined
  /** Holders that the newest search has met and that do not belong here. */
  let strangers = 0
  /** When nobody was missing first. Those who come a while after came later than this instance; the first counts rise while record nodes answer. */
  let settledAtMs = Number.POSITIVE_INFINITY
  let isSearching = false
  let isAgain = false
  let searchedAtMs = Number.NEGATIVE_INFINITY
  let timer: ReturnType<typeof setTimeout> | undefined

  const candidates = createCandidates(
    {
      ...context,
      isPresent: (peer) => present.has(peer),
      onFailed() {
        if (!isSearching) plan()
      },
    },
    options,
  )
  const missing = () => (count ?? 0) - own - present.size - strangers

  function onCount(counted: number, isCertain: boolean): void {
    if (!isCertain) return
    count = counted
    waits.missing.reset()
    strangers = Math.max(0, Math.min(strangers, counted - own - present.size))
    if (counted <= own + present.size) for (const peer of [...lost]) context.onLeft(peer)
    if (missing() > 0) searchIn(0)
    else {
      settledAtMs = Math.min(settledAtMs, clock.now())
      plan()
    }
  }

  function searchIn(ms: number): void {
    if (ended.signal.aborted) return
    clearTimeout(timer)
    timer = setTimeout(() => void search(), Math.max(ms, searchedAtMs + SPACING_MS - clock.now()))
  }

  /** Looks again later, for as long as there is a reason. */
  function plan(): void {
    if (lost.size > 0) searchIn(waits.lost.next())
    else if (missing() > 0) searchIn(Math.max(waits.missing.next(), waitingMs()))
    else if (count === undefined) searchIn(waits.uncounted.next())
    else clearTimeout(timer)
  }

  /** How long all who are missing wait to be dialled: a search would find nobody else. */
  function waitingMs(): number {
    const { number, firstMs } = candidates.waiting
    return missing() > number ? 0 : Math.min(firstMs, LONGEST_WAIT_MS)
  }

  async function search(): Promise<void> {
    isAgain = isSearching
    if (isSearching) return
    isSearching = true
    try {
      await context.searches.run(findAll, { signal: ended.signal })
    } catch {
      // No way into the overlay, or this gathering has ended.
    } finally {
      isSearching = false
    }
    if (isAgain) searchIn(0)
    else plan()
  }

  async function findAll(): Promise<void> {
    // They have come by themselves while this waited for its turn.
    if (count !== undefined && lost.size === 0 && missing() <= 0) return
    searchedAtMs = clock.now()
    const met = new Set<string>()
    const idle = createIdleTimeout(SEARCH_IDLE_MS, SEARCH_MS)
    const signal = AbortSignal.any([ended.signal, idle.signal])
    let isWhole = false
    try {
      for await (const { peer, home, addresses } of rendezvous.find(key, { signal })) {
        idle.touch()
        met.add(peer)
        // Of many holders a search tells of some: while there are new ones, the next search is soon.
        if (candidates.meet({ peer, home, addresses }, clock.now() - settledAtMs < SETTLE_MS || lost.has(peer))) waits.missing.reset()
        isWhole = count !== undefined && met.size >= count
        if (isWhole || met.size >= MAX_MET) break
      }
      isWhole ||= met.size < MAX_MET
    } catch (error) {
      if (!idle.signal.aborted) throw error
    } finally {
      idle.end()
    }
    if (!isWhole) return
    strangers = [...met].filter(candidates.isStranger).length
    for (const peer of [...lost]) if (!met.has(peer)) context.onLeft(peer)
  }

  searchIn(options.countMs ?? GATHERING_DEFAULTS.countMs)
  const offCount = rendezvous.onCount(key, onCount)

  return {
    /** The instance is here: a link proves it. */
    enter(peer: string) {
      present.add(peer)
      lost.delete(peer)
      candidates.forget(peer)
      if (missing() <= 0) settledAtMs = Math.min(settledAtMs, clock.now())
    },
    /** Its link was cut: it is looked for again. */
    cut(peer: string) {
      if (!present.delete(peer)) return
      lost.add(peer)
      waits.lost.reset()
      searchIn(COUNT_LAG_MS)
    },
    leave(peer: string) {
      present.delete(peer)
      lost.delete(peer)
      if (missing() > 0) searchIn(COUNT_LAG_MS)
    },
    /** Those who were strangers may belong here now: this account's contacts have changed. */
    retry() {
      candidates.retry()
      strangers = 0
      if (missing() > 0) searchIn(0)
    },
    end() {
      ended.abort(new Error('the gathering has ended'))
      clearTimeout(timer)
      candidates.end()
      offCount()
    },
  }
}
