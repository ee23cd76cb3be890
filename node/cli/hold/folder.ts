/** The files of a folder, with their paths in a bundle. All files that cannot be in a bundle are refused in one error. */

import { isUtf8 } from 'node:buffer'
import type { Dirent, Stats } from 'node:fs'
import { readdir, realpath, stat } from 'node:fs/promises'
import { join, sep } from 'node:path'
import { type AbortOptions, MayflyError, refusePath } from '../../index.ts'
import { explainSystemError } from '../../server/store/system-error.ts'

interface FolderFile {
  /** Path in the bundle. */
  path: string
  /** Path on this machine. */
  file: string
}

/** Files that a refusal names. */
const MAX_NAMED = 20

/**
 * Lists every file in the folder and the folders in it, hidden ones too, in the order of their paths. Links are followed to files in the
 * folder, never out of it.
 *
 * @throws {MayflyError} ERR_BAD_PATH, for all that cannot be in a bundle; ERR_LIMIT
 * @throws the system's error, in words
 * @throws signal.reason, when aborted
 */
export async function listFolder(folder: string, maxFiles: number, { signal }: AbortOptions = {}): Promise<FolderFile[]> {
  const files: FolderFile[] = []
  const refusals: string[] = []
  const root = await realpath(folder)

  async function walk(inside: string): Promise<void> {
    signal?.throwIfAborted()
    for (const entry of await readdir(join(folder, inside), { withFileTypes: true, encoding: 'buffer' })) {
      const name = entry.name.toString()
      const path = inside === '' ? name : `${inside}/${name}`
      const refused = isUtf8(entry.name)
        ? (refusePath(path) ?? (await refuseEntry(entry, join(folder, path), root)))
        : 'its name is not UTF-8'
      if (refused !== undefined) refusals.push(`${JSON.stringify(path)}: ${refused}`)
      else if (entry.isDirectory()) await walk(path)
      else files.push({ path, file: join(folder, path) })
      if (files.length > maxFiles) {
        throw new MayflyError('ERR_LIMIT', `Cannot hold ${folder}: it has more files than the limit of ${maxFiles} of a bundle`)
      }
    }
  }

  try {
    await walk('')
  } catch (error) {
    throw explainSystemError(`Cannot read ${folder}`, error)
  }
  if (refusals.length > 0) {
    const more = refusals.length > MAX_NAMED ? [`and ${refusals.length - MAX_NAMED} more`] : []
    throw new MayflyError('ERR_BAD_PATH', [`Cannot hold ${folder}:`, ...refusals.slice(0, MAX_NAMED), ...more].join('\n  '))
  }
  return files.sort((a, b) => (a.path < b.path ? -1 : 1))
}

/** The reason why an entry cannot be in a bundle, apart from its name. */
async function refuseEntry(entry: Dirent<Buffer>, file: string, root: string): Promise<string | undefined> {
  if (entry.isFile() || entry.isDirectory()) return undefined
  if (!entry.isSymbolicLink()) return 'neither a file nor a folder'
  let target: Stats
  try {
    if (!(await realpath(file)).startsWith(root + sep)) return 'a link out of the folder'
    target = await stat(file)
  } catch {
    return 'a link that leads nowhere'
  }
  return target.isFile() ? undefined : 'a link to a folder'
}
