/** Makes a directory and those above it, where they are missing. */

import { constants } from 'node:fs'
import { access, mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'

/** @throws the system's error */
export async function makeDirectories(path: string, mode = 0o777): Promise<void> {
  try {
    await mkdir(path, { recursive: true, mode })
  } catch (error) {
    // On a read-only disk Node.js 24 says that there is no such directory: the one above it says why.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') await requireWritable(dirname(path))
    throw error
  }
}

async function requireWritable(path: string): Promise<void> {
  try {
    await access(path, constants.W_OK)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || path === dirname(path)) throw error
    await requireWritable(dirname(path))
  }
}
