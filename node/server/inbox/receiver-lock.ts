/**
 * The lock of a receiver: one process at a time. It is SQLite's lock on a file of its own, which the system releases with the process, however
 * that ends, so that there are no stale locks.
 */

import { DatabaseSync } from 'node:sqlite'
import { MayflyError } from '../../errors.ts'
import { createEmptyFile } from '../store/empty-file.ts'
import { sqliteFailureOf, sqliteWords } from '../store/sqlite-error.ts'

/**
 * @returns a function that releases it, which may be called twice. Keep it: the lock is released when it is garbage-collected
 * @throws {MayflyError} ERR_BAD_OPTION: another process has it
 */
export function takeReceiverLock(path: string, name: string): () => void {
  let database: DatabaseSync | undefined
  try {
    createEmptyFile(path)
    database = new DatabaseSync(path)
    // Nothing is ever written to it.
    database.exec('BEGIN EXCLUSIVE')
  } catch (cause) {
    database?.close()
    if (sqliteFailureOf(cause) === 'busy') {
      throw new MayflyError(
        'ERR_BAD_OPTION',
        `The receiver ${JSON.stringify(name)} runs already: end that one first, or choose another name`,
        { cause },
      )
    }
    if (sqliteFailureOf(cause) === undefined) throw cause
    throw new Error(`Cannot lock the receiver ${JSON.stringify(name)} with ${path}: ${sqliteWords(cause)}`, { cause })
  }
  const held = database
  return () => {
    if (held.isOpen) held.close()
  }
}
