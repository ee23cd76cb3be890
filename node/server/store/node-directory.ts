/** The data directory of a node, for one node at a time: two with one identity would take each other's place in the network. */

import { loadIdentity } from './identity.ts'
import { openLockedDirectory } from './locked-directory.ts'

/**
 * Makes the directory and the key when they are missing, and locks them. `release`, which may be called twice, unlocks them for other nodes.
 * Short commands and receivers share the directory with a node, and need no lock: they have peer ids of their own.
 *
 * @throws {MayflyError} ERR_BAD_OPTION: another node runs with it, or as `loadIdentity`
 * @throws the system's error, in words
 */
export function openNodeDirectory(path: string) {
  const taken = `A node runs already with the data directory ${path}, or its disk has no locks: end that node first, or give this one a directory and a port of its own (--data DIR --port NUMBER)`
  return openLockedDirectory(path, { noun: `the data directory ${path}`, taken }, async () => ({ privateKey: await loadIdentity(path) }))
}
