/**
 * Ends a test run with what each project took, and with one plain line, `N passed, N failed`, for people and for programs (`.ci/run`).
 */

import { readFileSync } from 'node:fs'
import type { Reporter, SerializedError, TestModule } from 'vitest/node'

/** In which Linux counts processor time: 100 a second, wherever Node.js runs. */
const TICKS_PER_SECOND = 100

export class TallyReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly SerializedError[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()])
    const count = (state: string) => tests.filter((test) => test.result().state === state).length
    // Failures outside a test (a file that does not load, a hook, an unhandled rejection) fail the run as well.
    const broken = modules.filter((module) => module.state() === 'failed' && module.children.allTests('failed').next().done).length
    const failed = count('failed') + broken + unhandledErrors.length
    const skipped = count('skipped') + count('pending')
    process.stdout.write(`\n${costLines(modules).join('\n')}\n`)
    process.stdout.write(`\n${count('passed')} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}\n`)
  }
}

/** The seconds of a project are those of its files one after the other, of which several run at a time. */
function costLines(modules: readonly TestModule[]): string[] {
  const lines: string[] = []
  for (const [name, files] of Map.groupBy(modules, ({ project }) => project.name)) {
    const tests = files.reduce((sum, { children }) => sum + [...children.allTests()].length, 0)
    const seconds = files.reduce((sum, file) => sum + file.diagnostic().duration, 0) / 1_000
    lines.push(`${name}: ${files.length} files, ${tests} tests, ${seconds.toFixed(0)} s`)
  }
  const seconds = processorSeconds()
  return seconds === undefined ? lines : [...lines, `processor time, but for what still runs: ${seconds.toFixed(0)} s`]
}

/** Of this process and of all processes under it that have ended. Linux only. */
function processorSeconds(): number | undefined {
  try {
    // After the program's name, which may have spaces: times of its own in user and system mode, then those of its children.
    const fields = readFileSync('/proc/self/stat', 'utf8').split(') ')[1]?.split(' ') ?? []
    return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0) / TICKS_PER_SECOND
  } catch {
    return undefined
  }
}
