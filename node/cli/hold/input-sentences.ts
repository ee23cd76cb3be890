/** Sentences for the person who runs `hold`: about the files that it took of a path, and those that it did not. */

import { describeBytes } from '../print/progress-bar.ts'
import type { HoldInput } from './hold-input.ts'

/** Paths that one sentence names. */
const MAX_NAMED = 10

/** One fact in a line. The first says what was taken. */
export function describeInput({ name, files, folder, hasOwnLinks }: HoldInput): string[] {
  const size = describeBytes(files.reduce((sum, { source }) => sum + source.size, 0))
  const from = name === '-' ? 'standard input' : name
  if (folder === undefined) return [`${from}: ${size}`]
  const { hidden, leftOut, emptyFolders, executables } = folder
  const facts: [names: string[], words: string][] = [
    [hidden, 'Hidden ones are in it, too (--skip-hidden leaves them out)'],
    [leftOut, 'Left out'],
    [emptyFolders, 'Not in it, since they are empty folders'],
    [executables, 'Programs, which arrive as plain files (chmod +x makes them programs again)'],
  ]
  return [
    `${from}: ${files.length === 1 ? '1 file' : `${files.length} files`}, ${size}`,
    ...facts.flatMap(([names, words]) => (names.length === 0 ? [] : [`${words}: ${listNames(names)}`])),
    ...(hasOwnLinks ? [] : ['Its files are found through this link only']),
  ]
}

/** The present holders, this command included. */
export function describeHeld(holders: number): string {
  if (holders === 0) return 'Nobody can find it now'
  if (holders === 1) return 'Held by this command only'
  return `Held by this command and ${holders === 2 ? '1 other' : `${holders - 1} others`}`
}

function listNames(names: readonly string[]): string {
  const more = names.length - MAX_NAMED
  return names.slice(0, MAX_NAMED).join(', ') + (more > 0 ? ` and ${more} more` : '')
}
