/** A file for SQLite to fill, made beforehand so that it is its owner's alone from the first moment. */

import { closeSync, fsyncSync, openSync, statSync } from 'node:fs'
import { dirname } from 'node:path'

/**
 * Makes it where there is none; one that is there is not opened, since a process that closes a file loses all its locks on it.
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
    file = openSync(path, 'a') // the system says what is wrong with it
  }
  closeSync(file)
  const directory = openSync(dirname(path), 'r')
  try {
    fsyncSync(directory)
  } finally {
    closeSync(directory)
  }
}
