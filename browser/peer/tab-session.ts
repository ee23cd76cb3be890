/**
 * The session of this tab: a name that stays over reloads and ends with the tab. It says who still lives by a lock that each holds, and
 * removes the files that sessions which have ended left behind.
 */

/** The part of `Storage` that is used: the session storage of this tab. */
export type SessionStore = Pick<Storage, 'getItem' | 'setItem' | 'removeItem' | 'key' | 'length'>

const SESSION_ITEM = 'mayfly:session'

export const TAB_SESSION_DEFAULTS = {
  takeOverMs: 2_000, // how long the document before a reload may take to let go of its lock
  graceMs: 5_000, // a session without a lock may be between two documents for so long
} as const

/**
 * The name of this tab's session. A duplicated tab gets a copy of the storage: then the name is taken, and it gets its own.
 */
export async function openTabSession(store: SessionStore, locks: LockManager): Promise<string> {
  const before = store.getItem(SESSION_ITEM)
  if (before !== null && (await takeLock(locks, before, AbortSignal.timeout(TAB_SESSION_DEFAULTS.takeOverMs)))) return before
  const fresh = crypto.randomUUID()
  store.setItem(SESSION_ITEM, fresh)
  await takeLock(locks, fresh)
  return fresh
}

/** Removes the directories of sessions that nobody has had for the grace time. */
export async function removeEndedSessions(directory: FileSystemDirectoryHandle, own: string, locks: LockManager): Promise<void> {
  const seen = await endedSessions(directory, own, locks)
  if (seen.length === 0) return
  await new Promise((resolve) => setTimeout(resolve, TAB_SESSION_DEFAULTS.graceMs))
  const still = await endedSessions(directory, own, locks)
  for (const name of still) if (seen.includes(name)) await directory.removeEntry(name, { recursive: true }).catch(() => {})
}

async function endedSessions(directory: FileSystemDirectoryHandle, own: string, locks: LockManager): Promise<string[]> {
  const { held = [] } = await locks.query()
  const living = new Set(held.map(({ name }) => name))
  const ended: string[] = []
  for await (const name of directory.keys()) if (name !== own && !living.has(lockOf(name))) ended.push(name)
  return ended
}

/** Held until this document ends. False when another has it and does not let go in time. */
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
