/**
 * `npm run check`, which each commit passes: it runs the unit tests, and beside them, one after the other, format and lint, types and import
 * rules. The results of the last two stay in node_modules/.cache, by the contents of the files, so that only what has changed is checked again.
 *
 * Prints the tests as they run and the complaints of what fails; ends with 1 at the first failure, as a chain of commands does.
 */

import { fileURLToPath } from 'node:url'
import { runBeside } from './checks/run-beside.ts'

const program = (path: string) => `node_modules/${path}`
const biome = program('@biomejs/biome/bin/biome')
const typescript = program('@typescript/native/bin/tsc')
const importRules = program('dependency-cruiser/bin/dependency-cruiser.mjs')
const vitest = program('vitest/vitest.mjs')
const kept = (name: string) => program(`.cache/${name}`)

process.chdir(fileURLToPath(new URL('..', import.meta.url)))
const ending = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => ending.abort(new Error(signal)))
try {
  const all = await runBeside(
    [
      [biome, 'check', '--error-on-warnings', '.'],
      // Several checkers would each work out the types that files share, on cores that the tests beside them keep busy.
      [typescript, '-p', '.', '--checkers', '1', '--incremental', '--tsBuildInfoFile', kept('typescript/check.tsbuildinfo')],
      [importRules, '.', '--cache', kept('dependency-cruiser'), '--cache-strategy', 'content'],
    ],
    [vitest, 'run', '--project', 'unit'],
    ending.signal,
  )
  for (const { what, ms, printed } of all) {
    console.log(`${what[0]?.split('/').at(-1)}: ${(ms / 1_000).toFixed(1)} s${printed.trim() === '' ? '' : `: ${printed.trim()}`}`)
  }
} catch (error) {
  console.error(`\n${(error as Error).message}`)
  process.exitCode = 1
}
