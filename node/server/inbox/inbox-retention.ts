/** Removes messages that are too old or too many, and forgets expired ids: in small transactions, so that arriving messages go first. */

import { delay } from '../../async/delay.ts'
import { createSingleFlight } from '../../async/single-flight.ts'
import { CLOCK_MARGIN_MS, type InboxSettings } from './inbox-admission.ts'
import { createInboxClock } from './inbox-clock.ts'
import type { InboxDatabase } from './inbox-database.ts'

const DAY_MS = 86_400_000
const INTERVAL_MS = 600_000
/** Messages removed in one transaction, for which others wait. */
const GROUP = 256
/** Pause between two transactions, in ms. */
const PAUSE_MS = 40

interface InboxRetentionOptions {
  database: InboxDatabase
  /** Read at each use. */
  settings: Readonly<Pick<InboxSettings, 'keepDays' | 'keepCount'>>
  /** True when the owner says that this machine's clock is right. */
  isClockTrusted: boolean
  /** In ms since the epoch. */
  now(): number
  /** Clock, in ms; any origin, never set back. */
  monotonic(): number
  /** Called once when messages stay that would go by this machine's clock, which is too far ahead of the known time to be believed. */
  onKeptBack(kept: KeptBack): void
  onFailed(error: unknown): void
}

/** Messages that would be removed by this machine's clock alone. */
export interface KeptBack {
  messages: number
  keepDays: number
  /** This machine's clock, and the latest time that is known here, in ms since the epoch. */
  nowMs: number
  knownMs: number
}

export function createInboxRetention({ database, settings, ...options }: InboxRetentionOptions) {
  const { now, monotonic, onKeptBack, onFailed } = options
  const clock = createInboxClock({
    knownMs: database.facts.get('known_ms') || database.newestStoredMs(),
    isTrusted: options.isClockTrusted,
    monotonic,
  })
  let isReported = false
  const stopping = new AbortController()
  const tidying = createSingleFlight<'tidy', void>()

  /** Removes what is over `keepCount`, a group at most. To be called in a `commit`. @returns how many messages were removed */
  function removeExcess(): number {
    const { keepCount } = settings
    let removed = 0
    while (keepCount !== undefined && removed < GROUP) {
      const excess = Math.min(database.tally.total.messages - keepCount, GROUP - removed)
      const next = excess > 0 ? database.tally.givesWay(keepCount, excess) : undefined
      if (next === undefined) break
      database.removeOldestOf(next.sender, next.messages)
      removed += next.messages
    }
    return removed
  }

  /** One transaction. @returns true when there is more to do */
  function tidyGroup(): boolean {
    const { keepDays } = settings
    const nowMs = now()
    const knownMs = clock.read(nowMs)
    const untilMs = Math.min(nowMs, knownMs)
    const isDone = database.commit(() => {
      database.facts.set('known_ms', Math.floor(knownMs))
      const done = [
        database.forgetExpired(untilMs - CLOCK_MARGIN_MS, GROUP),
        removeExcess(),
        keepDays === undefined ? 0 : database.removeStoredBefore(untilMs - keepDays * DAY_MS, GROUP),
      ]
      return !done.includes(GROUP)
    })
    if (isDone && keepDays !== undefined && knownMs < nowMs) reportKeptBack({ keepDays, nowMs, knownMs })
    return !isDone
  }

  function reportKeptBack(times: Omit<KeptBack, 'messages'>): void {
    const messages = isReported ? 0 : database.countStoredBefore(times.nowMs - times.keepDays * DAY_MS)
    if (messages === 0) return
    isReported = true
    onKeptBack({ messages, ...times })
  }

  async function tidyAll(): Promise<void> {
    try {
      while (tidyGroup()) await delay(PAUSE_MS, { signal: stopping.signal })
    } catch (error) {
      if (!stopping.signal.aborted) onFailed(error)
    }
  }

  /** Removes all that is due, group by group. Resolves when that is done, or has failed. Runs by itself at the start and every ten minutes. */
  const tidy = () => tidying.run('tidy', tidyAll)

  void tidy()
  const timer = setInterval(() => void tidy(), INTERVAL_MS)
  timer.unref()
  return {
    removeExcess,
    /** True when that many more messages make others go. */
    isExcess: (more: number) => settings.keepCount !== undefined && database.tally.total.messages + more > settings.keepCount,
    /** Takes the time at which another sender says that it has sent a message that just arrived. */
    hearTime: clock.hear,
    tidy,
    stop() {
      clearInterval(timer)
      stopping.abort()
    },
  }
}
