/**
 * Session locks in local storage, for browsers that give a page no Web Locks: every page that came by plain http from another machine. A lock
 * is a row with an expiry. Local storage is synchronous, so two documents cannot take one row at once.
 */

import { delay } from '../../node/async/delay.ts'
import type { SessionLocks } from './tab-session.ts'

/** A document may take a free row, or one that has expired. */
interface LockRow {
  isFree: boolean
  /** Until then the session counts as living. */
  untilMs: number
}

/** The part of a `Window` that is used. */
export type StorageWindow = Pick<Window, 'localStorage' | 'addEventListener'> & {
  document: Pick<Document, 'hidden' | 'addEventListener'>
}

const PREFIX = 'mayfly:session:'

/** A phone may freeze a hidden tab, which renews nothing then. */
const LIVING_MS = 86_400_000
const RENEWAL_MS = 3_600_000
/** Long enough for the document after a reload. */
const CLOSED_MS = 60_000
const RETRY_MS = 50

export function storageLocks(window: StorageWindow, now: () => number = Date.now): SessionLocks {
  const { localStorage, document } = window
  const write = (session: string, isFree: boolean, lifetimeMs = LIVING_MS) =>
    localStorage.setItem(PREFIX + session, JSON.stringify({ isFree, untilMs: now() + lifetimeMs } satisfies LockRow))
  const read = (session: string): LockRow | undefined => {
    try {
      return JSON.parse(localStorage.getItem(PREFIX + session) ?? '')
    } catch {
      return undefined
    }
  }

  /**
   * A hidden document frees its row, since the browser may end it without an event, and its successor goes on with the session. Only a
   * visible tab is duplicated, so the duplicate finds the row taken.
   */
  function keep(session: string): void {
    const renew = () => write(session, document.hidden)
    renew()
    document.addEventListener('visibilitychange', renew)
    window.addEventListener('pageshow', renew)
    window.addEventListener('pagehide', ({ persisted }) => write(session, true, persisted ? LIVING_MS : CLOSED_MS))
    setInterval(renew, RENEWAL_MS)
  }

  return {
    async take(session, signal) {
      for (;;) {
        const row = read(session)
        if (row === undefined || row.isFree || row.untilMs <= now()) {
          keep(session)
          return true
        }
        if (signal === undefined || signal.aborted) return false
        await delay(RETRY_MS)
      }
    },
    async living() {
      const living = new Set<string>()
      for (const item of Object.keys(localStorage).filter((name) => name.startsWith(PREFIX))) {
        const session = item.slice(PREFIX.length)
        if ((read(session)?.untilMs ?? 0) > now()) living.add(session)
        else localStorage.removeItem(item)
      }
      return living
    },
  }
}
