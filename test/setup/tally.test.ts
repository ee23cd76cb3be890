/** The last line of a test run, and of CI: it counts everything that went wrong, and there is always one. */

import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ROOT, systemEnvironment } from '../helpers/clone.ts'
import { createTemporaryDirectory } from '../helpers/temporary-directory.ts'

const PASSES = "import { test } from 'vitest'\ntest('one', () => {})\ntest('two', () => {})\n"

/** Takes the place of what builds the command, which these tests do not run. */
const NO_COMMAND = 'export const setup = () => {}'

/** Runs these test files. Resolves with the exit code and the last line. */
async function runTests(files: Record<string, string>): Promise<{ status: number | null; lastLine: string | undefined }> {
  const folder = await createTemporaryDirectory()
  for (const part of ['vitest.config.ts', 'scripts', 'package.json']) cpSync(join(ROOT, part), join(folder, part), { recursive: true })
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
  mkdirSync(join(folder, 'test', 'helpers'), { recursive: true })
  writeFileSync(join(folder, 'test', 'helpers', 'command-build.ts'), NO_COMMAND)
  for (const [file, text] of Object.entries(files)) writeFileSync(join(folder, 'test', file), text)
  const vitest = join(ROOT, 'node_modules', 'vitest', 'vitest.mjs')
  const { status, stdout } = spawnSync(process.execPath, [vitest, 'run'], { cwd: folder, env: systemEnvironment(), encoding: 'utf8' })
  return { status, lastLine: lastLineOf(stdout) }
}

/** How CI ends where `npm test` is this shell command. */
async function runCi(command: string): Promise<{ status: number | null; lastLine: string | undefined }> {
  const folder = await createTemporaryDirectory()
  cpSync(join(ROOT, '.ci'), join(folder, '.ci'), { recursive: true })
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ scripts: { test: command } }))
  const { status, stdout } = spawnSync(join(folder, '.ci', 'run'), { env: { ...systemEnvironment(), CI: 'true' }, encoding: 'utf8' })
  return { status, lastLine: lastLineOf(stdout) }
}

function lastLineOf(text: string): string | undefined {
  return text.trimEnd().split('\n').at(-1)
}

describe('a test run', () => {
  test('ends with what passed', async () => {
    expect(await runTests({ 'a.test.ts': PASSES })).toEqual({ status: 0, lastLine: '2 passed, 0 failed' })
  })

  test('counts failed tests, files that do not load, and errors that nobody caught', async () => {
    const files = {
      'a.test.ts': PASSES,
      'fails.test.ts': "import { expect, test } from 'vitest'\ntest('one', () => expect(1).toBe(2))\n",
      'broken.test.ts': "import './nowhere.ts'\n",
      'rejects.test.ts': `${PASSES}Promise.reject(new Error('lost'))\n`,
    }
    expect(await runTests(files)).toEqual({ status: 1, lastLine: '4 passed, 3 failed' })
  })

  test('names tests that were left out', async () => {
    const file = "import { test } from 'vitest'\ntest('one', () => {})\ntest('two', (t) => t.skip())\n"
    expect(await runTests({ 'a.test.ts': file })).toEqual({ status: 0, lastLine: '1 passed, 0 failed, 1 skipped' })
  })

  test('without a test has failed', async () => {
    expect((await runTests({})).status).toBe(1)
  })
})

describe('CI', () => {
  test('repeats the tally as its last line, with the status of the tests', async () => {
    expect(await runCi('echo 3 passed, 0 failed && echo more')).toEqual({ status: 0, lastLine: '3 passed, 0 failed' })
    expect(await runCi('echo 3 passed, 1 failed && exit 7')).toEqual({ status: 7, lastLine: '3 passed, 1 failed' })
  })

  test('has failed when the tests end without a tally, whatever their status', async () => {
    expect(await runCi('echo nothing')).toEqual({ status: 1, lastLine: '0 passed, 1 failed' })
    expect(await runCi('kill -9 $$')).toMatchObject({ status: expect.any(Number), lastLine: '0 passed, 1 failed' })
  })
})
