/** The data directory of a node, for one node at a time: two with one identity would take each other's place in the network. */

import { join } from 'node:path'
import { MayflyError } from '../../index.ts'
import { makeDirectories } from './directories.ts'
import { takeFileLock } from './file-lock.ts'
import { loadIdentity } from './identity.ts'
import { explainSystemError } from './system-error.ts'

/**
 * Makes the directory and the key when they are missing, and locks them. `release`, which may be called twice, unlocks them for other nodes.
 * Short commands and receivers share the directory with a node, and need no lock: they have peer ids of their own.
 *
 * @throws {MayflyError} ERR_BAD_OPTION: another node runs with it, or as `loadIdentity`
 * @throws the system's error, in words
 */
export async function openNodeDirectory(path: string) {
  let release: (() => void) | undefined
  try {
    await makeDirectories(path, 0o700)
    release = takeFileLock(join(path, 'lock'))
    if (release === undefined) {
      throw new MayflyError(
        'ERR_BAD_OPTION',
        `A node runs already with the data directory ${path}, or its disk has no locks: end that node first, or give this one a directory and a port of its own (--data DIR --port NUMBER)`,
      )
    }
    return { privateKey: await loadIdentity(path), release }
  } catch (error) {
    release?.()
    throw explainSystemError(`Cannot use the data directory ${path}`, error)
  }
}
