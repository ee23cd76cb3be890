/**
 * The session of this tab: a name that survives reloads and ends with the tab. Each living session holds a lock; the files of sessions
 * without one are removed.
 */

import { delay } from '../../node/async/delay.ts'

/** The part of `Storage` that is used: the session storage of this tab. */
export type SessionStore = Pick<Storage, 'getItem' | 'setItem' | 'removeItem' | 'key' | 'length'>

const SESSION_ITEM = 'mayfly:session'
const DRAFT_ITEM = 'mayfly:draft:'

/** The longest draft that is kept over a reload, in characters: the session storage also has the pages that the tab holds. */
export const MAX_DRAFT_CHARACTERS = 262_144

/** Text that was being written before a reload; '' when there was none. */
export function keptDraft(store: SessionStore, name: string): string {
  return store.getItem(DRAFT_ITEM + name) ?? ''
}

/** Keeps text over a reload; '' and a text that is too long are not kept. */
export function keepDraft(store: SessionStore, name: string, text: string): void {
  try {
    store.removeItem(DRAFT_ITEM + name)
    if (text !== '' && text.length <= MAX_DRAFT_CHARACTERS) store.setItem(DRAFT_ITEM + name, text)
  } catch {
    // The storage is full or switched off: the draft lives as long as the page.
  }
}

const TAKE_OVER_MS = 2_000 // for the document before a reload to release its lock
const GRACE_MS = 5_000 // a session that is reloading has no lock for a moment

/** The locks of living sessions. Web Locks where the browser has them, else `storage-locks.ts`. */
export interface SessionLocks {
  /** Takes a lock until this document ends. False when another document has it and does not release it before the signal. */
  take(session: string, signal?: AbortSignal): Promise<boolean>
  /** The sessions whose lock is taken. */
  living(): Promise<ReadonlySet<string>>
}

export function webLocks(locks: Pick<LockManager, 'request' | 'query'>): SessionLocks {
  return {
    take: (session, signal) =>
      new Promise((resolve) => {
        locks
          .request(PREFIX + session, signal ? { signal } : {}, () => {
            resolve(true)
            return new Promise<void>(() => {})
          })
          .catch(() => resolve(false))
      }),
    async living() {
      const { held = [] } = await locks.query()
      return new Set(held.flatMap(({ name }) => (name?.startsWith(PREFIX) ? [name.slice(PREFIX.length)] : [])))
    },
  }
}

const PREFIX = 'mayfly:session:'

/** The name of this tab's session. A duplicated tab starts with a copy of the storage: the name is taken then, and it gets a new one. */
export async function openTabSession(store: SessionStore, locks: SessionLocks): Promise<string> {
  const before = store.getItem(SESSION_ITEM)
  if (before !== null && (await locks.take(before, AbortSignal.timeout(TAKE_OVER_MS)))) return before
  const fresh = crypto.getRandomValues(new Uint32Array(4)).join('-') // every page has that; `randomUUID` only those from https
  store.setItem(SESSION_ITEM, fresh)
  await locks.take(fresh)
  return fresh
}

/** Has an entry of files for each session. */
export interface SessionDirectory {
  keys(): Promise<Iterable<string>>
  remove(session: string): Promise<void>
}

/** Removes the files of sessions that have had no lock for the grace time. */
export async function removeEndedSessions(directory: SessionDirectory, own: string, locks: SessionLocks): Promise<void> {
  const seen = await endedSessions(directory, own, locks)
  if (seen.length === 0) return
  await delay(GRACE_MS)
  const still = await endedSessions(directory, own, locks)
  for (const name of still) if (seen.includes(name)) await directory.remove(name).catch(() => {})
}

async function endedSessions(directory: SessionDirectory, own: string, locks: SessionLocks): Promise<string[]> {
  const living = await locks.living()
  return [...(await directory.keys())].filter((name) => name !== own && !living.has(name))
}
