/**
 * A SQLite file that keeps what was acknowledged: readable to its owner alone, WAL with a sync at each commit, its form known by number. One
 * that is damaged, or of another form, is told in words and left as it is. What is in it is left to others (`inbox-database.ts`).
 */

import { closeSync, fchmodSync, fstatSync, fsyncSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { MayflyError } from '../errors.ts'
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
  const isNew = isReadOnly ? false : makeOwnersFile(path, form.noun)
  let database: DatabaseSync | undefined
  try {
    database = new DatabaseSync(path, { readOnly: isReadOnly, timeout: BUSY_MS, allowExtension: false })
    // Nothing in a file that somebody tampered with may run as code; cells are looked at before they are trusted.
    database.exec('PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON')
    if (!isReadOnly) database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
    if (isNew) make(database, form)
    requireForm(database, path, form)
    if (!isReadOnly) requireSound(database, path, form)
    return database
  } catch (error) {
    database?.close()
    throw explain(error, path, form.noun)
  }
}

/** True when it is new, or empty: an earlier start was cut off before it had made anything. */
function makeOwnersFile(path: string, noun: string): boolean {
  try {
    const file = openSync(path, 'a', 0o600)
    try {
      fchmodSync(file, 0o600) // SQLite gives its other files the same mode
      if (fstatSync(file).size > 0) return false
    } finally {
      closeSync(file)
    }
    const directory = openSync(dirname(path), 'r')
    try {
      fsyncSync(directory)
    } finally {
      closeSync(directory)
    }
    return true
  } catch (error) {
    throw explainSystemError(`Cannot use the ${noun} ${path}`, error)
  }
}

function make(database: DatabaseSync, { applicationId, version, schema }: DatabaseForm): void {
  database.exec(`BEGIN; PRAGMA application_id = ${applicationId}; PRAGMA user_version = ${version}; ${schema}; COMMIT`)
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

function requireSound(database: DatabaseSync, path: string, { noun }: DatabaseForm): void {
  const faults = database
    .prepare(`PRAGMA integrity_check(${MAX_CHECKED})`)
    .all()
    .map(({ integrity_check: text }) => String(text))
  if (faults.length === 1 && faults[0] === 'ok') return
  throw damaged(path, noun, faults.join('; '))
}

function numberOf(database: DatabaseSync, pragma: string): number {
  return Number(database.prepare(`PRAGMA ${pragma}`).get()?.[pragma])
}

function explain(error: unknown, path: string, noun: string): unknown {
  switch (sqliteFailureOf(error)) {
    case undefined:
      return error
    case 'damaged':
      return damaged(path, noun, sqliteWords(error), error)
    default:
      return Object.assign(new Error(`Cannot use the ${noun} ${path}: ${sqliteWords(error)}`, { cause: error }), {
        code: 'ERR_SQLITE_ERROR',
      })
  }
}

function damaged(path: string, noun: string, fault: string, cause?: unknown): MayflyError {
  const advice = `It is left as it is: save what can be read of it with --export, then move it away to begin a new one`
  return new MayflyError('ERR_DAMAGED', `The ${noun} ${path} is damaged: ${fault}. ${advice}`, { cause })
}
