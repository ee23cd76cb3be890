/**
 * The session of this tab: a name that survives reloads and ends with the tab. Each living session holds a Web Lock; the files of sessions
 * without one are removed.
 */

import { delay } from '../../node/async/delay.ts'

/** The part of `Storage` that is used: the session storage of this tab. */
export type SessionStore = Pick<Storage, 'getItem' | 'setItem' | 'removeItem' | 'key' | 'length'>

const SESSION_ITEM = 'mayfly:session'

const TAKE_OVER_MS = 2_000 // for the document before a reload to release its lock
const GRACE_MS = 5_000 // a session that is reloading has no lock for a moment

/** The name of this tab's session. A duplicated tab starts with a copy of the storage: the name is taken then, and it gets a new one. */
export async function openTabSession(store: SessionStore, locks: LockManager): Promise<string> {
  const before = store.getItem(SESSION_ITEM)
  if (before !== null && (await takeLock(locks, before, AbortSignal.timeout(TAKE_OVER_MS)))) return before
  const fresh = crypto.randomUUID()
  store.setItem(SESSION_ITEM, fresh)
  await takeLock(locks, fresh)
  return fresh
}

/** Has an entry of files for each session. */
export interface SessionDirectory {
  keys(): Promise<Iterable<string>>
  remove(session: string): Promise<void>
}

/** Removes the files of sessions that have had no lock for the grace time. */
export async function removeEndedSessions(directory: SessionDirectory, own: string, locks: LockManager): Promise<void> {
  const seen = await endedSessions(directory, own, locks)
  if (seen.length === 0) return
  await delay(GRACE_MS)
  const still = await endedSessions(directory, own, locks)
  for (const name of still) if (seen.includes(name)) await directory.remove(name).catch(() => {})
}

async function endedSessions(directory: SessionDirectory, own: string, locks: LockManager): Promise<string[]> {
  const { held = [] } = await locks.query()
  const living = new Set(held.map(({ name }) => name))
  return [...(await directory.keys())].filter((name) => name !== own && !living.has(lockOf(name)))
}

/** Takes a lock until this document ends. False when another document has it and does not release it in time. */
function takeLock(locks: LockManager, session: string, signal?: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    locks
      .request(lockOf(session), signal ? { signal } : {}, () => {
        resolve(true)
        return new Promise<void>(() => {})
      })
      .catch(() => resolve(false))
  })
}

const lockOf = (session: string) => `mayfly:session:${session}`
