/** Writes a file so that nobody ever sees half of it. */

import { randomBytes } from 'node:crypto'
import { realpath, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { explainSystemError } from './system-error.ts'

/**
 * Replaces the file as a whole. What is there already and is no regular file (a pipe, a terminal) is written to.
 *
 * @throws the system's error, in words
 */
export async function writeOutputFile(path: string, bytes: Uint8Array): Promise<void> {
  try {
    // A link stays a link: the file that it leads to is replaced.
    const target = await realpath(path).catch(() => path)
    const existing = await stat(target).catch(() => undefined)
    if (existing !== undefined && !existing.isFile()) return await writeFile(target, bytes)
    await replaceFile(target, bytes, existing?.mode)
  } catch (error) {
    throw explainSystemError(`Cannot write ${path}`, error)
  }
}

async function replaceFile(target: string, bytes: Uint8Array, mode = 0o666): Promise<void> {
  const temporary = join(dirname(target), `.mayfly-${randomBytes(6).toString('hex')}`)
  try {
    await writeFile(temporary, bytes, { flag: 'wx', mode: mode & 0o777 })
    await rename(temporary, target)
  } finally {
    await rm(temporary, { force: true })
  }
}
