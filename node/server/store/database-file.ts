/**
 * A SQLite file that keeps what was acknowledged: readable to its owner alone, WAL with a sync at each commit, its form known by number. One
 * that is damaged, or of another form, is told in words and left as it is. What is in it is left to others (`inbox-database.ts`).
 */

import { chmodSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { MayflyError } from '../../errors.ts'
import { createEmptyFile } from './empty-file.ts'
import { sqliteFailureOf, sqliteWords } from './sqlite-error.ts'
import { explainSystemError } from './system-error.ts'

export interface DatabaseForm {
  /** How messages name it: "inbox". */
  noun: string
  /** What says in the file's header that it is one of these: 32 bits. @see https://www.sqlite.org/pragma.html#pragma_application_id */
  applicationId: number
  version: number
  /** SQL that makes an empty one. */
  schema: string
  /** How what can still be read of a damaged one is saved, where there is a way: "--export". */
  rescue?: string
}

export interface OpenDatabaseOptions {
  /** Only looks, and takes a damaged file too: to save what can be saved. */
  isReadOnly?: boolean
}

/** How long a commit waits for another process that is reading or has just ended, in ms. */
const BUSY_MS = 5_000
/** The check says at most so many things: the first one is enough to know. */
const MAX_CHECKED = 5

/**
 * Opens the file, or makes it.
 *
 * @throws {MayflyError} ERR_DAMAGED: what is wrong, and what one can do; ERR_BAD_OPTION: it is something else, or of a newer mayfly
 * @throws the system's error, in words
 */
export function openDatabaseFile(path: string, form: DatabaseForm, { isReadOnly = false }: OpenDatabaseOptions = {}): DatabaseSync {
  if (!isReadOnly) makeOwnersFile(path, form.noun)
  let database: DatabaseSync | undefined
  try {
    database = new DatabaseSync(path, { readOnly: isReadOnly, timeout: BUSY_MS, allowExtension: false })
    // Nothing in a file that somebody tampered with may run as code; cells are looked at before they are trusted.
    database.exec('PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON')
    if (!isReadOnly) {
      database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
      makeTables(database, form)
    }
    requireForm(database, path, form)
    if (!isReadOnly) requireSound(database, path, form)
    return database
  } catch (error) {
    database?.close()
    throw explainDatabaseError(error, path, form)
  }
}

/** Never opens a file that is there: closing it would take this process's own locks from other connections to it. */
function makeOwnersFile(path: string, noun: string): void {
  try {
    createEmptyFile(path)
    chmodSync(path, 0o600) // SQLite gives its other files the same mode
  } catch (error) {
    throw explainSystemError(`Cannot use the ${noun} ${path}`, error)
  }
}

/** In an empty file: a new one, or one whose maker was cut off. Of two processes that open it at once one makes them. */
function makeTables(database: DatabaseSync, { applicationId, version, schema }: DatabaseForm): void {
  const isEmpty = () => numberOf(database, 'schema_version') === 0 && numberOf(database, 'application_id') === 0
  if (!isEmpty()) return
  database.exec('BEGIN IMMEDIATE')
  if (isEmpty()) database.exec(`PRAGMA application_id = ${applicationId}; PRAGMA user_version = ${version}; ${schema}`)
  database.exec('COMMIT')
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
 * The indexes too, since a message that an index has lost would be stored twice: 98 ms for 30,000 messages, where the quick check takes 82
 * (2026-11-21).
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
      return Object.assign(new Error(`Cannot use the ${form.noun} ${path}: ${sqliteWords(error)}`, { cause: error }), {
        code: 'ERR_SQLITE_ERROR',
      })
    default:
      // Also SQL that fails: it is the same for every file of this form, so the table that it names has become something else.
      return damaged(path, form, sqliteWords(error), error)
  }
}

function damaged(path: string, { noun, rescue }: DatabaseForm, fault: string, cause?: unknown): MayflyError {
  const save = rescue === undefined ? '' : `save what can be read of it with ${rescue}, then `
  const advice = `It is left as it is: ${save}move it away to begin a new one`
  return new MayflyError('ERR_DAMAGED', `The ${noun} ${path} is damaged: ${fault}. ${advice}`, { cause })
}
