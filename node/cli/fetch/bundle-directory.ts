/** Where the files of a bundle go on this machine: below one directory, never outside it, whatever the bundle and the directory say. */

import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { lstat, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { type AbortOptions, type BundleEntry, MayflyError, refusePath } from '../../index.ts'
import { equalBytes } from '../../keys/index.ts'
import { explainSystemError } from '../../server/store/system-error.ts'

/**
 * Makes the folders that lead to the file, and says where it goes.
 *
 * @throws {MayflyError} ERR_BAD_PATH, when something else is in the way
 * @throws the system's error, in words
 */
export async function makePlace(directory: string, path: string): Promise<string> {
  const refused = refusePath(path)
  if (refused !== undefined) throw inTheWay(path, refused)
  const parts = path.split('/')
  let place = directory
  try {
    await mkdir(directory, { recursive: true })
    for (const [i, part] of parts.entries()) {
      place = join(place, part)
      const isLast = i === parts.length - 1
      const there = await lstat(place).catch(() => undefined)
      // A link could lead anywhere.
      if (there !== undefined && !(isLast ? there.isFile() : there.isDirectory())) throw inTheWay(path, `${place} is in the way`)
      if (there === undefined && !isLast) await makeFolder(place)
    }
  } catch (error) {
    throw explainSystemError(`Cannot write ${join(directory, path)}`, error)
  }
  return place
}

/** Another file of the bundle may come into it at the same time. What is there by now must be a folder, and no link to one. */
async function makeFolder(place: string): Promise<void> {
  try {
    await mkdir(place)
  } catch (error) {
    if (!(await lstat(place).catch(() => undefined))?.isDirectory()) throw error
  }
}

/** True when an earlier attempt has brought the file already. */
export async function isThere(file: string, { size, key }: BundleEntry, { signal }: Required<AbortOptions>): Promise<boolean> {
  if (!(await hasSize(file, size))) return false
  const whole = createHash('sha256')
  for await (const bytes of createReadStream(file, { signal })) whole.update(bytes)
  return equalBytes(whole.digest(), key)
}

/** True for a regular file of so many bytes. */
export async function hasSize(file: string, size: number): Promise<boolean> {
  const there = await lstat(file).catch(() => undefined)
  return there?.isFile() === true && there.size === size
}

function inTheWay(path: string, why: string): MayflyError {
  return new MayflyError('ERR_BAD_PATH', `Cannot write ${JSON.stringify(path)} of the bundle: ${why}`)
}
