/** A directory for one test, gone with everything in it when the test ends. */

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

export async function createTemporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'mayfly-test-'))
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
  return directory
}
