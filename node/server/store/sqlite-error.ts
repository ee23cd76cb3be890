/** Failures of SQLite, by what one can do about them. @see https://www.sqlite.org/rescode.html */

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

/** SQLite's own message, such as "database or disk is full". */
export function sqliteWords(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const short = 'errstr' in error && typeof error.errstr === 'string' ? error.errstr : undefined
  return short === undefined || short === error.message ? error.message : `${short} (${error.message})`
}
