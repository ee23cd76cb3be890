/** An empty file for SQLite to fill, made beforehand so that only its owner can read it from the first moment. */

import { closeSync, fsyncSync, openSync, statSync } from 'node:fs'
import { dirname } from 'node:path'

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
  const directory = openSync(dirname(path), 'r')
  try {
    fsyncSync(directory)
  } finally {
    closeSync(directory)
  }
}
