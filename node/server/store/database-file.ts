/**
 * Opens a SQLite file that keeps acknowledged data: readable by its owner only, WAL with a sync at each commit, its form identified by number.
 * A damaged file, or one of another form, is an error in words, and is left as it is.
 */

import { chmodSync, closeSync, openSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { pathToFileURL } from 'node:url'
import { MayflyError } from '../../errors.ts'
import { syncPath } from './owner-file.ts'
import { explainWriteError, sqliteFailureOf, sqliteWords } from './sqlite-error.ts'
import { explainSystemError } from './system-error.ts'

export interface DatabaseForm {
  /** Its name in error messages: "inbox". */
  noun: string
  /** Identifies the form in the file's header: 32 bits. @see https://www.sqlite.org/pragma.html#pragma_application_id */
  applicationId: number
  version: number
  /** SQL that makes the tables of a new file. */
  schema: string
  /** The flag that saves what can be read of a damaged file, if there is one: "--export". */
  rescue?: string
}

export type WritingEvent =
  /** Nothing can be written from now on. */
  | { type: 'failing'; reason: string }
  /** It can be written again. */
  | { type: 'recovered' }

/** How long a commit waits for another process that is reading or has just ended, in ms. */
const BUSY_MS = 5_000
/** Faults that the check reports at most: the first one is enough. */
const MAX_CHECKED = 5

/**
 * Opens the file, or makes it.
 *
 * @param isReadOnly only reads, also a damaged file: to save what can be saved
 * @throws {MayflyError} ERR_DAMAGED: the fault, and what one can do; ERR_BAD_OPTION: it is another file, or of a newer mayfly
 * @throws the system's error, in words
 */
export function openDatabaseFile(path: string, form: DatabaseForm, isReadOnly = false): DatabaseSync {
  if (!isReadOnly) makeOwnersFile(path, form.noun)
  try {
    return openConnection(path, path, form, isReadOnly)
  } catch (error) {
    // Even reading needs a small file beside it, for which a full disk has no room, unless the log of changes is empty, so that nobody writes.
    const isAlone = isReadOnly && sqliteFailureOf(error) === 'disk' && !statSync(`${path}-wal`, { throwIfNoEntry: false })?.size
    if (!isAlone) throw explainDatabaseError(error, path, form)
  }
  try {
    return openConnection(new URL(`${pathToFileURL(path)}?immutable=1`), path, form, isReadOnly)
  } catch (error) {
    throw explainDatabaseError(error, path, form)
  }
}

function openConnection(location: string | URL, path: string, form: DatabaseForm, isReadOnly: boolean): DatabaseSync {
  const database = new DatabaseSync(location, { readOnly: isReadOnly, timeout: BUSY_MS, allowExtension: false })
  try {
    // Nothing in a file that was tampered with may run as code, and cells are checked before they are trusted.
    database.exec('PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON')
    if (!isReadOnly) {
      database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
      makeTables(database, form)
    }
    requireForm(database, path, form)
    if (!isReadOnly) requireSound(database, path, form)
    return database
  } catch (error) {
    database.close()
    throw error
  }
}

/**
 * Makes the changes in one transaction, which is on the disk when this returns. When it throws, nothing was changed.
 *
 * @throws the error of the changes, or of SQLite
 */
export function transact<T>(database: DatabaseSync, change: () => T): T {
  database.exec('BEGIN IMMEDIATE')
  try {
    const result = change()
    database.exec('COMMIT')
    return result
  } catch (error) {
    // After some failures SQLite has rolled back by itself.
    if (database.isTransaction) database.exec('ROLLBACK')
    throw error
  }
}

/** Never opens an existing file: closing it would release this process's own locks on it. */
function makeOwnersFile(path: string, noun: string): void {
  try {
    createEmptyFile(path)
    chmodSync(path, 0o600) // SQLite gives its other files the same mode
  } catch (error) {
    throw explainSystemError(`Cannot use the ${noun} ${path}`, error)
  }
}

/** Makes the tables in an empty file: a new one, or one whose maker was killed. Of two processes at once, one makes them. */
function makeTables(database: DatabaseSync, { applicationId, version, schema }: DatabaseForm): void {
  const isEmpty = () => numberOf(database, 'schema_version') === 0 && numberOf(database, 'application_id') === 0
  if (!isEmpty()) return
  transact(database, () => {
    if (isEmpty()) database.exec(`PRAGMA application_id = ${applicationId}; PRAGMA user_version = ${version}; ${schema}`)
  })
}

function requireForm(database: DatabaseSync, path: string, { noun, applicationId, version }: DatabaseForm): void {
  if (numberOf(database, 'application_id') !== applicationId) {
    throw new MayflyError('ERR_BAD_OPTION', `Not an ${noun} of mayfly: ${path}. It is left as it is; move it away to begin a new one`)
  }
  const found = numberOf(database, 'user_version')
  if (found === version) return
  throw new MayflyError(
    'ERR_BAD_OPTION',
    `The ${noun} ${path} has the form ${found}, and this mayfly knows ${version}: use the mayfly that made it`,
  )
}

/**
 * Checks the indexes, too, since a message that an index has lost would be stored twice: 98 ms for 30,000 messages, where the quick check
 * takes 82 (2026-11-21).
 */
function requireSound(database: DatabaseSync, path: string, form: DatabaseForm): void {
  const faults = database
    .prepare(`PRAGMA integrity_check(${MAX_CHECKED})`)
    .all()
    .map(({ integrity_check: text }) => String(text))
  if (faults.length === 1 && faults[0] === 'ok') return
  throw damaged(path, form, faults.join('; '))
}

function numberOf(database: DatabaseSync, pragma: string): number {
  return Number(database.prepare(`PRAGMA ${pragma}`).get()?.[pragma])
}

/** A failure of SQLite while a file of this form is opened, or read for the first time. Other errors are returned as they are. */
export function explainDatabaseError(error: unknown, path: string, form: DatabaseForm): unknown {
  switch (sqliteFailureOf(error)) {
    case undefined:
      return error
    case 'disk':
    case 'busy':
      return explainWriteError(`Cannot use the ${form.noun}`, path, error)
    default:
      // SQL that fails, too: it is the same for every file of this form, so a table in this file is not what it was.
      return damaged(path, form, sqliteWords(error), error)
  }
}

function damaged(path: string, { noun, rescue }: DatabaseForm, fault: string, cause?: unknown): MayflyError {
  const save = rescue === undefined ? '' : `save what can be read of it with ${rescue}, then `
  const advice = `It is left as it is: ${save}move it away to begin a new one`
  return new MayflyError('ERR_DAMAGED', `The ${noun} ${path} is damaged: ${fault}. ${advice}`, { cause })
}

/**
 * Makes the file where there is none. An existing file is not opened, since a process that closes a file loses all its locks on it.
 *
 * @throws the system's error
 * @see https://www.sqlite.org/howtocorrupt.html#_posix_advisory_locks_canceled_by_a_separate_thread_doing_close_
 */
export function createEmptyFile(path: string): void {
  let file: number
  try {
    file = openSync(path, 'wx', 0o600)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    if (!statSync(path).isDirectory()) return
    file = openSync(path, 'a') // throws the system's error for it
  }
  closeSync(file)
  syncPath(dirname(path))
}
