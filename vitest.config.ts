/** The tests, in projects that differ in their needs and in their share of the machine. */

import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { LongestFirst } from './scripts/longest-first.ts'
import { TallyReporter } from './scripts/tally-reporter.ts'

// A file of tests is a process, and so is each command that it runs: compiling what they load once, not each time, saves a fifth of their CPU.
process.env.NODE_COMPILE_CACHE ??= fileURLToPath(new URL('node_modules/.cache/compiled', import.meta.url))

/** Timeout of a test that hangs, long enough for a machine of which others take two thirds. Tests do not measure by it. */
const PATIENT_MS = 180_000

/** Many peers, processes, faults. */
const SHARED = ['test/peers/**/*.test.ts', 'test/faults/**/*.test.ts', 'test/operating/*.test.ts']
/** Tests among them that measure how soon something comes or goes, or flood the machine. */
const NETWORK = ['test/faults/{floods,leaving,liars,messages-floods,restarts,waking}.test.ts', 'test/peers/people-presence.test.ts']
/** Tests in a real Chromium; tests of the tab that need none are in test/browser/. */
const PAGES = ['test/pages/*.test.ts', 'test/hostile/**/*.test.ts']
/** Tests among them that measure times, or keep the whole machine busy by themselves. */
const BROWSER = ['test/pages/{direct,presence,swarm,video}.test.ts']
/** The main paths in each browser engine, by `npm run test:browsers`; `npm test` leaves them out, and has a short form in test/pages. */
const ENGINES = ['test/engines/*.test.ts']
/** On fresh clones, with real npm. */
const SETUP = ['test/setup/**/*.test.ts']

export default defineConfig({
  test: {
    pool: 'forks',
    reporters: ['default', new TallyReporter()],
    sequence: { sequencer: LongestFirst },
    passWithNoTests: false,
    globalSetup: 'test/helpers/command-build.ts', // the command, built once for all tests
    expect: { poll: { timeout: 10_000 } }, // a second is too short beside a busy core
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: [...SHARED, ...PAGES, ...ENGINES, ...SETUP],
          sequence: { groupOrder: 1 },
          maxWorkers: 4, // a third of their time is waiting
          isolate: false, // they load the same modules: loading them for each file took longer than all tests
          testTimeout: 30_000,
          hookTimeout: 30_000,
        },
      },
      // Most of their time is waiting: for a page, for a process to start, for npm. Three files at once, of whichever of these projects.
      together('pages', PAGES, BROWSER),
      together('shared', SHARED, NETWORK),
      together('setup', SETUP, [], 600_000),
      alone('network', NETWORK),
      alone('browser', BROWSER),
      alone('engines', ENGINES),
    ],
  },
})

/** A project whose files run beside those of other projects of this kind. */
function together(name: string, include: string[], exclude: string[] = [], timeoutMs = PATIENT_MS) {
  return {
    extends: true,
    test: { name, include, exclude, sequence: { groupOrder: 2 }, maxWorkers: 3, testTimeout: timeoutMs, hookTimeout: timeoutMs },
  } as const
}

/** A project whose files run one at a time, and beside nothing else. */
function alone(name: string, include: string[]) {
  return {
    extends: true,
    test: { name, include, sequence: { groupOrder: 3 }, maxWorkers: 1, testTimeout: PATIENT_MS, hookTimeout: PATIENT_MS },
  } as const
}
