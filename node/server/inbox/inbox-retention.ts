/** Removes messages that are too old or too many, and forgets expired ids: in small transactions, so that arriving messages go first. */

import { delay } from '../../async/delay.ts'
import { createSingleFlight } from '../../async/single-flight.ts'
import type { InboxDatabase } from './inbox-database.ts'

const DAY_MS = 86_400_000
const INTERVAL_MS = 600_000
/** Messages removed in one transaction, for which others wait. */
const GROUP = 256
/** Pause between two transactions, in ms. */
const PAUSE_MS = 40

interface InboxRetentionOptions {
  database: InboxDatabase
  /** Days after which messages are removed; undefined: never. */
  keepDays: number | undefined
  /** Messages to keep; undefined: all. */
  keepCount: number | undefined
  /** In ms since the epoch. */
  now(): number
  onFailed(error: unknown): void
}

export function createInboxRetention({ database, keepDays, keepCount, now, onFailed }: InboxRetentionOptions) {
  const stopping = new AbortController()
  const tidying = createSingleFlight<'tidy', void>()

  /** Removes what is over `keepCount`, a group at most. To be called in a `commit`. @returns how many messages were removed */
  function removeExcess(): number {
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
    const nowMs = now()
    return database.commit(() => {
      const done = [
        database.forgetExpired(nowMs, GROUP),
        removeExcess(),
        keepDays === undefined ? 0 : database.removeStoredBefore(nowMs - keepDays * DAY_MS, GROUP),
      ]
      return done.includes(GROUP)
    })
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
    tidy,
    stop() {
      clearInterval(timer)
      stopping.abort()
    },
  }
}
