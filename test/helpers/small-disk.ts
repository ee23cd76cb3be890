/** A disk of a few megabytes, for one test that fills it: a file system in memory, where this process may mount one. */

import { spawnSync } from 'node:child_process'
import { onTestFinished } from 'vitest'
import { createTemporaryDirectory } from './temporary-directory.ts'

/** Where it is; undefined where this process may mount nothing. */
export async function createSmallDisk(bytes: number): Promise<string | undefined> {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return undefined
  const directory = await createTemporaryDirectory()
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${bytes}`, 'mayfly-test', directory]).status !== 0) return undefined
  // Hooks run in reverse: before the directory is removed.
  onTestFinished(() => void spawnSync('umount', ['--lazy', directory]))
  return directory
}
