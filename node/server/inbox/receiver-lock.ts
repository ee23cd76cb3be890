/**
 * One process at a time for one receiver. The lock is SQLite's, on a file of its own: the system lets go of it with the process that has it,
 * however that ends, and no stale lock has to be told from a live one.
 */

import { DatabaseSync } from 'node:sqlite'
import { MayflyError } from '../../errors.ts'
import { createEmptyFile } from '../store/empty-file.ts'
import { sqliteFailureOf, sqliteWords } from '../store/sqlite-error.ts'

/**
 * @returns the function that lets go of it, to be kept: the lock goes with it; may be called twice
 * @throws {MayflyError} ERR_BAD_OPTION: somebody has it
 */
export function takeReceiverLock(path: string, name: string): () => void {
  let database: DatabaseSync | undefined
  try {
    createEmptyFile(path)
    database = new DatabaseSync(path)
    // Nothing is ever written in it.
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
