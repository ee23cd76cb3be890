/** Paths of received files, for users of the library: as in `node/sharing/`, with checked arguments. */

import { type SafePath, safePath as safe } from '../sharing/format/safe-path.ts'
import { ENTRY_LIMITS } from '../sharing/format/share-entry.ts'
import { readFunction, readImplementation, readText } from './arguments.ts'

const readTaken = readImplementation<Set<string>>({ has: readFunction, add: readFunction })

/** Entries of one share. */
export const MAX_SHARE_ENTRIES = ENTRY_LIMITS.maxEntries

/**
 * A path that each common system can keep, and why it is not the one that came.
 *
 * @param taken what this has given before: twins get a number. The new path is added
 */
export function safePath(path: string, taken: Set<string>): SafePath {
  return safe(readText(path, 'safePath: path'), readTaken(taken, 'safePath: taken'))
}
