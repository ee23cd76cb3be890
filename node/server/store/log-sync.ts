/**
 * Syncs the log of a SQLite database (WAL) in another thread, where SQLite's own commit holds this thread until the disk has it. Each
 * commit under `synchronous = NORMAL` before a call is on the disk once that resolves: SQLite syncs the same file, and the file has no locks, so that
 * it may be opened beside SQLite.
 *
 * @see https://www.sqlite.org/wal.html#performance_considerations
 */

import { close, fdatasync, fdatasyncSync, openSync } from 'node:fs'
import type { DatabaseSync } from 'node:sqlite'

export interface LogSync {
  /** False where it cannot be done: then a commit has to sync. */
  readonly isPossible: boolean
  /** Before each commit, which is to fail when this throws. */
  prepare(): void
  /** @throws the system's error */
  sync(): Promise<void>
  /** The same at once. @throws the system's error */
  syncNow(): void
  close(): void
}

type Sync = (file: number, done: (error: Error | null) => void) => void

/** @param path of the database. @param syncFile the system's */
export function createLogSync(database: DatabaseSync, path: string, syncFile: Sync = fdatasync): LogSync {
  /** Undefined before the first sync, and null where the file cannot be opened. */
  let file: number | null | undefined
  let hasFailed = false
  let syncing = 0
  let isClosed = false

  function openLog(): number | null {
    try {
      return openSync(`${path}-wal`, 'r+')
    } catch {
      return null
    }
  }

  function closeUnused(): void {
    if (!isClosed || syncing > 0 || typeof file !== 'number') return
    close(file, () => {})
    file = null
  }

  return {
    get isPossible() {
      file = file === undefined ? openLog() : file
      return file !== null
    },
    /** The system counts bytes as written that it could not write: after that, they are copied into the database, and synced there. */
    prepare() {
      if (!hasFailed) return
      const { busy } = database.prepare('PRAGMA wal_checkpoint(FULL)').get() ?? {}
      if (busy !== 0) throw new Error('what was written before could not be brought to the disk')
      hasFailed = false
    },
    sync() {
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      syncing++
      syncFile(file as number, (error) => {
        syncing--
        closeUnused()
        hasFailed ||= error !== null
        if (error === null) resolve()
        else reject(error)
      })
      return promise
    },
    syncNow() {
      try {
        fdatasyncSync(file as number)
      } catch (error) {
        hasFailed = true
        throw error
      }
    },
    close() {
      isClosed = true
      closeUnused()
    },
  }
}
