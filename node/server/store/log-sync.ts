/**
 * Syncs the log of a SQLite database (WAL) in another thread, where SQLite's own commit holds this thread until the disk has it. Each
 * commit under `synchronous = NORMAL` before a call is on the disk once that resolves: SQLite syncs the same file, and the file has no locks, so that
 * it may be opened beside SQLite.
 *
 * @see https://www.sqlite.org/wal.html#performance_considerations
 */

import { close, fdatasync, fdatasyncSync, openSync } from 'node:fs'
import type { DatabaseSync } from 'node:sqlite'
import { MayflyError } from '../../errors.ts'
import { sqliteWords } from './sqlite-error.ts'

export interface LogSync {
  /** False where it cannot be done: then a commit has to sync. */
  readonly isPossible: boolean
  /** Before each commit, which is to fail when this throws. It does not wait for other processes. @throws {MayflyError} ERR_NOT_STORED */
  prepare(): void
  /** @throws {MayflyError} ERR_NOT_STORED, also when `syncNow` failed meanwhile */
  sync(): Promise<void>
  /** The same at once. @throws {MayflyError} ERR_NOT_STORED */
  syncNow(): void
  close(): void
}

type Sync = (file: number, done: (error: Error | null) => void) => void

/** @param path of the database. @param syncFile the system's */
export function createLogSync(database: DatabaseSync, path: string, syncFile: Sync = fdatasync): LogSync {
  /**
   * Undefined before the first sync, and null where the file cannot be opened. It is open twice, since the system tells each open file once that it
   * could not write: of two syncs of one open file, one would succeed.
   */
  let files: { elsewhere: number; here: number } | null | undefined
  /** True while something that was written may not be on the disk, whatever a later sync says. */
  let hasFailed = false
  let failures = 0
  let lastFailure: unknown
  let syncing = 0
  let isClosed = false

  function openLog(): typeof files {
    const opened: number[] = []
    try {
      for (let i = 0; i < 2; i++) opened.push(openSync(`${path}-wal`, 'r+'))
      const [elsewhere, here] = opened as [number, number]
      return { elsewhere, here }
    } catch {
      for (const file of opened) close(file, () => {})
      return null
    }
  }

  function closeUnused(): void {
    if (!isClosed || syncing > 0 || !files) return
    for (const file of [files.elsewhere, files.here]) close(file, () => {})
    files = null
  }

  function notStored(cause: unknown): MayflyError {
    hasFailed = true
    failures++
    lastFailure = cause
    return notSynced(cause)
  }

  const notSynced = (cause: unknown) =>
    new MayflyError('ERR_NOT_STORED', `Cannot bring ${path} to the disk: ${sqliteWords(cause, path)}`, { cause })

  /**
   * Copies the log into the database, and syncs that; the next commit begins the log anew, since behind what the disk has not nothing would be found
   * again. Returns false when another process reads the log.
   */
  function copyLog(): boolean {
    const { timeout } = database.prepare('PRAGMA busy_timeout').get() ?? {}
    database.exec('PRAGMA busy_timeout = 0') // this thread has other work than to wait for them
    try {
      return database.prepare('PRAGMA wal_checkpoint(RESTART)').get()?.busy === 0
    } finally {
      database.exec(`PRAGMA busy_timeout = ${Number(timeout)}`)
    }
  }

  return {
    get isPossible() {
      files = files === undefined ? openLog() : files
      return files !== null
    },
    /** The system counts bytes as written that it could not write: after that, they are copied into the database, and synced there. */
    prepare() {
      if (!hasFailed) return
      let isCopied: boolean
      try {
        isCopied = copyLog()
      } catch (error) {
        throw notSynced(error)
      }
      if (!isCopied) throw notSynced('another process is reading it')
      hasFailed = false
    },
    sync() {
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      const before = failures
      syncing++
      syncFile(files?.elsewhere as number, (error) => {
        syncing--
        closeUnused()
        if (error !== null) reject(notStored(error))
        else if (failures > before) reject(notSynced(lastFailure))
        else resolve()
      })
      return promise
    },
    syncNow() {
      try {
        fdatasyncSync(files?.here as number)
      } catch (error) {
        throw notStored(error)
      }
    },
    close() {
      isClosed = true
      closeUnused()
    },
  }
}
