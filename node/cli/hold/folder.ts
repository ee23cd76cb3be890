/** The files of a folder, with their paths in a bundle, and what a bundle cannot have: refused in one error, or left out and named. */

import { isUtf8 } from 'node:buffer'
import type { Dirent } from 'node:fs'
import { open, readdir, realpath, stat } from 'node:fs/promises'
import { join, sep } from 'node:path'
import { type AbortOptions, MayflyError, refusePath } from '../../index.ts'
import { explainSystemError, systemErrorWords } from '../../server/store/system-error.ts'

interface FolderFile {
  /** Path in the bundle. */
  path: string
  /** Path on this machine. */
  file: string
}

/** A folder as a bundle takes it. Each list but `leftOut` has paths in the folder. */
export interface FolderListing {
  files: FolderFile[]
  /** Files and folders whose name begins with a dot. The entries of a hidden folder are not named again. */
  hidden: string[]
  /** Folders with nothing in them: a bundle has no place for them. */
  emptyFolders: string[]
  /** Files that may be run as programs: a bundle does not say so. */
  executables: string[]
  /** With the reason of each. */
  leftOut: string[]
}

export interface FolderRules {
  /** The word for what is done with the folder, in errors. */
  task: 'hold' | 'share'
  maxFiles: number
  /** Leave out hidden files and folders. */
  skipHidden: boolean
  /** Leave out what cannot be in a bundle, or cannot be read; else it is an error. */
  skipOdd: boolean
}

interface WalkedFolder {
  /** Path in the bundle; empty for the folder itself. */
  path: string
  /** Where it really is, and each folder that leads to it: a link to one of them would never end. */
  ancestors: readonly string[]
}

/** Files that a refusal names. */
const MAX_NAMED = 20
/** The path of a hidden folder, or of one in it. */
const IN_HIDDEN = /(?:^|\/)\./
/** Executable by somebody. */
const EXECUTABLE = 0o111

/**
 * Lists every file in the folder and the folders in it, in the order of their paths. Links to files and folders in the folder are followed,
 * never out of it.
 *
 * @throws {MayflyError} ERR_BAD_PATH, for all that cannot be in a bundle; ERR_LIMIT
 * @throws the system's error, in words
 * @throws signal.reason, when aborted
 */
export async function listFolder(folder: string, rules: FolderRules, { signal }: AbortOptions = {}): Promise<FolderListing> {
  const listing: FolderListing = { files: [], hidden: [], emptyFolders: [], executables: [], leftOut: [] }
  const root = await realpath(folder).catch((error: unknown) => {
    throw explainSystemError(`Cannot read ${folder}`, error)
  })
  // Links can make a folder appear many times, also one without a file.
  let folders = 0

  async function walk({ path: inside, ancestors }: WalkedFolder): Promise<void> {
    signal?.throwIfAborted()
    if (++folders > rules.maxFiles) throw tooMany(folder, 'folders', rules)
    const entries = await readdir(join(folder, inside), { withFileTypes: true, encoding: 'buffer' })
    if (entries.length === 0 && inside !== '') listing.emptyFolders.push(inside)
    for (const entry of entries) {
      const name = entry.name.toString()
      const path = inside === '' ? name : `${inside}/${name}`
      const isHidden = name.startsWith('.')
      if (isHidden && rules.skipHidden) continue
      const refused = await take(entry, path, ancestors).catch(systemErrorWords)
      if (refused !== undefined) listing.leftOut.push(`${JSON.stringify(path)}: ${refused}`)
      else if (isHidden && !IN_HIDDEN.test(inside)) listing.hidden.push(path)
      if (listing.files.length > rules.maxFiles) throw tooMany(folder, 'files', rules)
    }
  }

  /** Resolves with the reason why the entry cannot be in a bundle. */
  async function take(entry: Dirent<Buffer>, path: string, ancestors: readonly string[]): Promise<string | undefined> {
    const refused = isUtf8(entry.name) ? refusePath(path) : 'its name is not UTF-8'
    if (refused !== undefined) return refused
    const file = join(folder, path)
    const real = entry.isSymbolicLink()
      ? await realpath(file).catch(() => undefined)
      : join(ancestors.at(-1) ?? root, entry.name.toString())
    if (real === undefined) return 'a link that cannot be followed'
    if (real !== root && !real.startsWith(root + sep)) return 'a link out of the folder'
    const found = await stat(real)
    if (found.isDirectory()) {
      if (ancestors.includes(real)) return 'a link to a folder that it is in'
      await walk({ path, ancestors: [...ancestors, real] })
    } else if (found.isFile()) {
      await (await open(real)).close() // throws where this user may not read it
      listing.files.push({ path, file })
      if ((found.mode & EXECUTABLE) !== 0) listing.executables.push(path)
    } else return 'neither a file nor a folder'
    return undefined
  }

  await walk({ path: '', ancestors: [root] }).catch((error: unknown) => {
    throw explainSystemError(`Cannot read ${folder}`, error)
  })
  if (!rules.skipOdd && listing.leftOut.length > 0) throw oddFiles(folder, listing.leftOut.toSorted(), rules)
  listing.files.sort((a, b) => (a.path < b.path ? -1 : 1))
  for (const names of [listing.hidden, listing.emptyFolders, listing.executables, listing.leftOut]) names.sort()
  return listing
}

function oddFiles(folder: string, refusals: string[], { task }: FolderRules): MayflyError {
  const more = refusals.length > MAX_NAMED ? [`and ${refusals.length - MAX_NAMED} more`] : []
  const head = `Cannot ${task} all of ${folder} (--skip-odd ${task}s the rest):`
  return new MayflyError('ERR_BAD_PATH', [head, ...refusals.slice(0, MAX_NAMED), ...more].join('\n  '))
}

function tooMany(folder: string, noun: string, { task, maxFiles }: FolderRules): MayflyError {
  const taker = task === 'hold' ? 'bundle' : 'share'
  return new MayflyError('ERR_LIMIT', `Cannot ${task} ${folder}: it has more ${noun} than the limit of ${maxFiles} of a ${taker}`)
}
