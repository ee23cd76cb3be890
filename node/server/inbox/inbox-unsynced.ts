/** Messages of an inbox that were committed, and are being synced to the disk in another thread. */

import type { InboxMessage } from '../../index.ts'
import type { InboxDatabase } from './inbox-database.ts'

/** @param onStored called once they are on the disk */
export function createUnsynced(database: InboxDatabase, onStored: (messages: readonly InboxMessage[]) => void) {
  /** In the order of their commits. Bounded by one group. */
  let unsynced: InboxMessage[] = []
  let isClosed = false

  function take(): InboxMessage[] {
    const messages = unsynced
    unsynced = []
    return messages
  }

  /** Their senders hear 'not-stored', so that nobody shall see them, and they are new when they come again. */
  function withdraw(): void {
    const messages = take()
    if (!isClosed) database.withdrawal.add(messages)
  }

  /** Nobody reads what may not be there after a power failure: its sequence would be another message's. */
  function syncNow(): void {
    if (unsynced.length === 0 || isClosed) return
    try {
      database.log.syncNow()
    } catch {
      withdraw() // the sync in the other thread fails, too
    }
  }

  return {
    /** To be called after their commit, and before `sync`. */
    add(messages: InboxMessage[]): void {
      unsynced = messages
    },
    /** Undefined where there are none. */
    sync(): Promise<void> | undefined {
      if (unsynced.length === 0) return undefined
      return database.log.sync().then(
        () => onStored(take()),
        (error: unknown) => {
          withdraw()
          throw error
        },
      )
    },
    syncNow,
    /** To be called before the database is closed. @param flush makes the last commits */
    close(flush: () => void): void {
      syncNow()
      flush()
      isClosed = true
      if (database.withdrawal.size === 0) return
      try {
        database.commit(() => {})
      } catch {
        // Their senders were told that they are not stored, and send them again: each is here once then.
      }
    },
  }
}
