/** An operator's install: small, without tools, and enough to run the command from source. Needs the registry, or npm's cache. */

import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { installProduction, measureInstall } from '../../scripts/install-size.ts'
import { cloneInto, systemEnvironment } from '../helpers/clone.ts'
import { createTemporaryDirectory } from '../helpers/temporary-directory.ts'

/** A third above what it was on 2026-11-21 (`scripts/install-size.ts`): 111 packages, 32.7 MB. */
const MOST_PACKAGES = 150
const MOST_BYTES = 45_000_000

test('a production install is small, and runs', async () => {
  const clone = await createTemporaryDirectory()
  cloneInto(clone)
  installProduction(clone, systemEnvironment())

  const installed = measureInstall(clone)
  expect(installed.length).toBeLessThan(MOST_PACKAGES)
  expect(installed.reduce((sum, { bytes }) => sum + bytes, 0)).toBeLessThan(MOST_BYTES)

  const main = join(clone, 'node', 'cli', 'main.ts')
  expect(run(main, ['--version'])).toMatchObject({ status: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) })
  // Loads everything that a running node and its gateway import.
  const load = "await import('./node/index.ts'); await import('./node/cli/commands/start-command.ts'); await import('./gateway/index.ts')"
  expect(run('--input-type=module', ['--eval', load], clone)).toMatchObject({ status: 0, stderr: '' })
})

function run(first: string, rest: string[], cwd?: string) {
  return spawnSync(process.execPath, [first, ...rest], { cwd, env: systemEnvironment(), encoding: 'utf8' })
}
