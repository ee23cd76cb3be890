/**
 * Makes a directory and those above it, where they are missing: one after the other, each tried twice at most. `mkdir` of Node.js 24.21 with
 * `recursive` may not end where there is a parent in which nothing can be made.
 */

import { mkdir, stat } from 'node:fs/promises'
import { dirname } from 'node:path'

/** The calls of the file system that are needed. */
const FILES = { mkdir, stat }

/** @throws the system's error */
export async function makeDirectories(path: string, mode = 0o777, files: typeof FILES = FILES): Promise<void> {
  try {
    await files.mkdir(path, { mode })
  } catch (error) {
    if (await isDirectory(path, files)) return
    const parent = dirname(path)
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || parent === path) throw error
    await makeDirectories(parent, mode, files)
    await files.mkdir(path, { mode }).catch(async (second: unknown) => {
      if (!(await isDirectory(path, files))) throw second // another process may have made it
    })
  }
}

async function isDirectory(path: string, { stat }: typeof FILES): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  )
}
