/** The tests, in projects that differ in what they need and in how much of the machine they may have. */

import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { TallyReporter } from './scripts/tally-reporter.ts'

// A file of tests is a process, and so is each command that it runs: compiling what they load once, not each time, saves a fifth of their CPU.
process.env.NODE_COMPILE_CACHE ??= fileURLToPath(new URL('node_modules/.cache/compiled', import.meta.url))

/** Long enough for a machine of which others take two thirds: what ends a test that hangs, not what a test measures with. */
const PATIENT_MS = 180_000

/** Many peers, processes, faults. */
const NETWORK = ['test/network/**/*.test.ts', 'test/faults/**/*.test.ts']
/** Those of them that count and compare, and wait for events: two at a time, since much of their time goes into starting processes. */
const SHARED = [
  'test/network/{command,command-content,send-command,receive-command,private-link,foreign-clients,verified-fetch}.test.ts',
  'test/network/{messages*,large-messages,readme-receiver}.test.ts',
  'test/network/{direct,http-pieces,large-http,load-sharing,pieces,presence,relay,stock-peers,swarm}.test.ts',
  'test/faults/{deniers,large-holders,large-liars,restarts}.test.ts',
  'test/faults/{messages-absence,messages-canary,messages-forgeries,messages-liars,messages-much-mail,messages-replays,inbox-*}.test.ts',
]
/** In a real Chromium; what can be tested of the tab without one is in test/browser/unit/. */
const BROWSER = ['test/browser/*.test.ts', 'test/hostile/**/*.test.ts']
/** On fresh clones, with real npm. */
const SETUP = ['test/setup/**/*.test.ts']

export default defineConfig({
  test: {
    pool: 'forks',
    reporters: ['default', new TallyReporter()],
    passWithNoTests: false,
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: [...NETWORK, ...BROWSER, ...SETUP],
          sequence: { groupOrder: 1 },
          maxWorkers: 2,
          testTimeout: 10_000,
          hookTimeout: 10_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'shared',
          include: SHARED,
          sequence: { groupOrder: 2 },
          maxWorkers: 2,
          testTimeout: PATIENT_MS,
          hookTimeout: PATIENT_MS,
        },
      },
      oneAfterAnother('network', NETWORK, 3, PATIENT_MS, SHARED),
      oneAfterAnother('browser', BROWSER, 4, 60_000),
      {
        extends: true,
        // Two at a time: each has a clone of its own, and waits for npm and the disk as much as for the processor.
        test: { name: 'setup', include: SETUP, sequence: { groupOrder: 5 }, maxWorkers: 2, testTimeout: 600_000, hookTimeout: 600_000 },
      },
    ],
  },
})

/** A project whose files have the machine to themselves: their tests measure times, and start processes of their own. */
function oneAfterAnother(name: string, include: string[], groupOrder: number, timeoutMs: number, exclude: string[] = []) {
  return {
    extends: true,
    test: { name, include, exclude, sequence: { groupOrder }, fileParallelism: false, testTimeout: timeoutMs, hookTimeout: timeoutMs },
  } as const
}
