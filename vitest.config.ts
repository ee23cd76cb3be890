/** The tests, in projects that differ in what they need and in how much of the machine they may have. */

import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { TallyReporter } from './scripts/tally-reporter.ts'

// A file of tests is a process, and so is each command that it runs: compiling what they load once, not each time, saves a fifth of their CPU.
process.env.NODE_COMPILE_CACHE ??= fileURLToPath(new URL('node_modules/.cache/compiled', import.meta.url))

/** Long enough for a machine of which others take two thirds: what ends a test that hangs, not what a test measures with. */
const PATIENT_MS = 180_000

/** Many peers, processes, faults. */
const NETWORK = ['test/peers/**/*.test.ts', 'test/faults/**/*.test.ts']
/** Those of them that count and compare, and wait for events: two at a time, since much of their time goes into starting processes. */
const SHARED = [
  'test/peers/{command,command-content,send-command,receive-command,private-link,foreign-clients,verified-fetch}.test.ts',
  'test/peers/{messages*,large-messages,readme-examples}.test.ts',
  'test/peers/{direct,http-pieces,large-http,load-sharing,pieces,presence,relay,stock-peers,swarm,upload-limits}.test.ts',
  'test/faults/{deniers,large-holders,large-liars,restarts}.test.ts',
  'test/faults/{messages-absence,messages-canary,messages-forgeries,messages-liars,messages-much-mail,messages-replays,inbox-*}.test.ts',
]
/** In a real Chromium; what can be tested of the tab without one is in the rest of test/browser/. */
const BROWSER = ['test/pages/*.test.ts', 'test/hostile/**/*.test.ts']
/** Those of them that measure times, or keep the whole machine busy by themselves. The others mostly wait for a page: two at a time. */
const BROWSER_ALONE = ['test/pages/{direct,presence,swarm,video}.test.ts']
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
          maxWorkers: 3, // a third of their time is waiting
          isolate: false, // they load the same modules: loading them for each file took longer than all tests
          testTimeout: 30_000,
          hookTimeout: 30_000,
        },
      },
      atOnce(2, 'shared', SHARED, 2, PATIENT_MS),
      atOnce(1, 'network', NETWORK, 3, PATIENT_MS, SHARED),
      atOnce(2, 'pages', BROWSER, 4, PATIENT_MS, BROWSER_ALONE),
      atOnce(1, 'browser', BROWSER_ALONE, 5, PATIENT_MS),
      // Each has a clone of its own, and waits for npm and the disk as much as for the processor.
      atOnce(2, 'setup', SETUP, 6, 600_000),
    ],
  },
})

/** A project of which so many files run at once: one where tests measure times, or load the machine themselves. */
function atOnce(files: 1 | 2, name: string, include: string[], groupOrder: number, timeoutMs: number, exclude: string[] = []) {
  return {
    extends: true,
    test: { name, include, exclude, sequence: { groupOrder }, maxWorkers: files, testTimeout: timeoutMs, hookTimeout: timeoutMs },
  } as const
}
