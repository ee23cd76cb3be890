/**
 * A lock on a path, for one process at a time. It ends with its process, however that ends: the system holds it, as SQLite's own lock on an empty
 * file. Other machines respect it on a network disk that has locks.
 */

import { statSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { createEmptyFile } from './database-file.ts'
import { explainWriteError, sqliteFailureOf } from './sqlite-error.ts'

/**
 * Makes the file where there is none. Its owner may remove it before the release.
 *
 * @returns a function that releases it, which may be called twice. Keep it: the lock is released when it is garbage-collected. Undefined when
 *   another process has the lock, or the file system has no locks
 * @throws the system's error, or SQLite's, in words
 */
export function takeFileLock(path: string): (() => void) | undefined {
  for (;;) {
    createEmptyFile(path)
    const before = identityOf(path)
    const release = lock(path)
    if (release === undefined) return undefined
    // The owner before may have removed the file that was locked here; then the path leads to another one, or to none.
    if (before !== undefined && before === identityOf(path)) return release
    release()
  }
}

function lock(path: string): (() => void) | undefined {
  let database: DatabaseSync | undefined
  try {
    database = new DatabaseSync(path)
    // Nothing is ever written to it, nor to a journal beside it, for which a full disk has no room.
    database.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE')
  } catch (cause) {
    database?.close()
    if (sqliteFailureOf(cause) === 'busy') return undefined
    throw explainWriteError('Cannot lock', path, cause)
  }
  const held = database
  return () => {
    if (held.isOpen) held.close()
  }
}

function identityOf(path: string): string | undefined {
  const found = statSync(path, { bigint: true, throwIfNoEntry: false })
  return found && `${found.dev} ${found.ino} ${found.birthtimeNs}`
}
