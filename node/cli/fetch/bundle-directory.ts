/** Target paths of the files of a bundle or a share: below one directory, never outside it, even when other paths are named or links are in the way. */

import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { lstat, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { type AbortOptions, type BundleEntry, MayflyError, refusePath } from '../../index.ts'
import { equalBytes } from '../../keys/index.ts'
import { makeDirectories } from '../../server/store/directories.ts'
import { explainSystemError } from '../../server/store/system-error.ts'

/**
 * Makes the folders that lead to the file.
 *
 * @returns the file's path on this machine
 *
 * @throws {MayflyError} ERR_BAD_PATH, when something else is in the way
 * @throws the system's error, in words
 */
export async function makeTargetPath(directory: string, path: string): Promise<string> {
  const refused = refusePath(path)
  if (refused !== undefined) throw inTheWay(path, refused)
  const parts = path.split('/')
  let target = directory
  try {
    await makeDirectories(directory)
    for (const [i, part] of parts.entries()) {
      target = join(target, part)
      const isLast = i === parts.length - 1
      const there = await lstat(target).catch(() => undefined)
      // A link could lead anywhere.
      if (there !== undefined && !(isLast ? there.isFile() : there.isDirectory())) throw inTheWay(path, `${target} is in the way`)
      if (there === undefined && !isLast) await makeFolder(target)
    }
  } catch (error) {
    throw explainSystemError(`Cannot write ${join(directory, path)}`, error)
  }
  return target
}

/** Two files of a bundle may need the folder at the same time. An entry that is there already must be a folder, and no link to one. */
async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path)
  } catch (error) {
    if (!(await lstat(path).catch(() => undefined))?.isDirectory()) throw error
  }
}

/** True when the file is there already, from an earlier attempt. */
export async function hasContent(
  file: string,
  { size, key }: Pick<BundleEntry, 'size' | 'key'>,
  { signal }: Required<AbortOptions>,
): Promise<boolean> {
  if (!(await hasSize(file, size))) return false
  const whole = createHash('sha256')
  for await (const bytes of createReadStream(file, { signal })) whole.update(bytes)
  return equalBytes(whole.digest(), key)
}

/** True for a regular file of that size, in bytes. */
export async function hasSize(file: string, size: number): Promise<boolean> {
  const there = await lstat(file).catch(() => undefined)
  return there?.isFile() === true && there.size === size
}

function inTheWay(path: string, why: string): MayflyError {
  return new MayflyError('ERR_BAD_PATH', `Cannot write ${JSON.stringify(path)}: ${why}`)
}
