/** The parts of `npm run check` that are no tests, so that `npm test` and CI enforce them, too. The import rules have a file of their own. */

import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ROOT } from '../helpers/clone.ts'

test('every file is formatted and linted', () => {
  expect(run('@biomejs/biome/bin/biome', ['check', '--error-on-warnings', '.'])).toBe('')
})

test('every file is soundly typed', () => {
  // Several checkers would each work out the types that files share, on cores that other tests keep busy.
  expect(run('@typescript/native/bin/tsc', ['-p', '.', '--checkers', '1'])).toBe('')
})

/** Complaints of a program of node_modules; empty when there are none. */
function run(program: string, args: string[]): string {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(ROOT, 'node_modules', program), ...args], {
    cwd: ROOT,
    encoding: 'utf8',
  })
  return status === 0 ? '' : `${stdout}${stderr}`
}
