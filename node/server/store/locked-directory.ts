/** A directory of the owner's that one process has at a time. */

import { join } from 'node:path'
import { MayflyError } from '../../index.ts'
import { makeDirectories } from './directories.ts'
import { takeFileLock } from './file-lock.ts'
import { explainSystemError } from './system-error.ts'

/**
 * Makes the directory when it is missing, locks it, and loads what it has. `release`, which may be called twice, unlocks it for other processes.
 *
 * @param words what it is, for an error of the system; and what to do while another process has it
 * @throws {MayflyError} ERR_BAD_OPTION: another process has it, or it has no locks; whatever `load` throws
 * @throws the system's error, in words
 */
export async function openLockedDirectory<T extends object>(
  path: string,
  words: { noun: string; taken: string },
  load: () => Promise<T>,
): Promise<T & { release(): void }> {
  let release: (() => void) | undefined
  try {
    await makeDirectories(path, 0o700)
    release = takeFileLock(join(path, 'lock'))
    if (release === undefined) throw new MayflyError('ERR_BAD_OPTION', words.taken)
    return { ...(await load()), release }
  } catch (error) {
    release?.()
    throw explainSystemError(`Cannot use ${words.noun}`, error)
  }
}
