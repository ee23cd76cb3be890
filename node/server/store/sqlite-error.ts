/** Failures of SQLite, by what one can do about them. @see https://www.sqlite.org/rescode.html */

import { accessSync, constants, statfsSync } from 'node:fs'
import { dirname } from 'node:path'
import { MayflyError } from '../../errors.ts'

type SqliteFailure =
  /** The disk is full or failing: stored data stays, and writing may succeed later. */
  | 'disk'
  /** The file was changed, or is not SQLite's. */
  | 'damaged'
  /** Another connection has locked it. */
  | 'busy'
  | 'other'

const FAILURES: Readonly<Record<number, SqliteFailure>> = {
  5: 'busy', // SQLITE_BUSY
  6: 'busy', // SQLITE_LOCKED
  8: 'disk', // SQLITE_READONLY
  10: 'disk', // SQLITE_IOERR
  11: 'damaged', // SQLITE_CORRUPT
  13: 'disk', // SQLITE_FULL
  14: 'disk', // SQLITE_CANTOPEN
  26: 'damaged', // SQLITE_NOTADB
}

/** Undefined for errors that are not SQLite's. */
export function sqliteFailureOf(error: unknown): SqliteFailure | undefined {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number') return undefined
  // The lowest byte of an extended code is its primary code.
  return FAILURES[error.errcode & 0xff] ?? 'other'
}

/** SQLite's own message, such as "database or disk is full", after what can be seen of the disk, when the path is given. */
export function sqliteWords(error: unknown, path?: string): string {
  if (!(error instanceof Error)) return String(error)
  const short = 'errstr' in error && typeof error.errstr === 'string' ? error.errstr : undefined
  const words = short === undefined || short === error.message ? error.message : `${short} (${error.message})`
  const state = path === undefined || sqliteFailureOf(error) !== 'disk' ? undefined : diskFault(dirname(path))
  return state === undefined ? words : `${state} (${words})`
}

/** Less room than this, in bytes, is none: SQLite's smallest files beside a database have 32 KiB. */
const NO_ROOM_BYTES = 65_536

/** The reason why nothing can be written to a directory; undefined when it cannot be seen. */
function diskFault(directory: string): string | undefined {
  try {
    accessSync(directory, constants.W_OK)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EROFS' ? 'the disk is read-only' : `this user may not write to ${directory}`
  }
  const { bavail, bsize, files, ffree } = statfsSync(directory)
  if (bavail * bsize < NO_ROOM_BYTES) return 'the disk is full'
  return files > 0 && ffree === 0 ? 'the disk has no room for another file' : undefined
}

/**
 * A failure to write to a database: ERR_NOT_STORED where writing may succeed later. Other errors are returned as they are.
 *
 * @param task such as "Cannot write to the outbox"
 */
export function explainWriteError(task: string, path: string, error: unknown): unknown {
  const failure = sqliteFailureOf(error)
  if (failure !== 'disk' && failure !== 'busy') return error
  return new MayflyError('ERR_NOT_STORED', `${task} ${path}: ${sqliteWords(error, path)}`, { cause: error })
}
