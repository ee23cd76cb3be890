/** Ends a test run with one plain line, `N passed, N failed`, for people and for programs (`.ci/run`). */

import type { Reporter, SerializedError, TestModule } from 'vitest/node'

export class TallyReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly SerializedError[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()])
    const count = (state: string) => tests.filter((test) => test.result().state === state).length
    // Failures outside a test (a file that does not load, a hook, an unhandled rejection) fail the run as well.
    const broken = modules.filter((module) => module.state() === 'failed' && module.children.allTests('failed').next().done).length
    const failed = count('failed') + broken + unhandledErrors.length
    const skipped = count('skipped') + count('pending')
    process.stdout.write(`\n${count('passed')} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}\n`)
  }
}
