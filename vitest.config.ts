/** The tests, in projects that differ in their needs and in their share of the machine. */

import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { TallyReporter } from './scripts/tally-reporter.ts'

// A file of tests is a process, and so is each command that it runs: compiling what they load once, not each time, saves a fifth of their CPU.
process.env.NODE_COMPILE_CACHE ??= fileURLToPath(new URL('node_modules/.cache/compiled', import.meta.url))

/** Timeout of a test that hangs, long enough for a machine of which others take two thirds. Tests do not measure by it. */
const PATIENT_MS = 180_000

/** Many peers, processes, faults. */
const NETWORK = ['test/peers/**/*.test.ts', 'test/faults/**/*.test.ts', 'test/operating/*.test.ts']
/** Tests among them that count, compare, and wait for events: two at a time, since much of their time goes into starting processes. */
const SHARED = [
  'test/peers/{command,command-content,send-command,receive-command,share-command,drop-command,private-link,download-programs,foreign-clients,ipfs-clients,verified-fetch}.test.ts',
  'test/peers/{messages*,large-messages,readme-examples,shells}.test.ts',
  'test/peers/{direct,http-pieces,large-http,letting-go,load-sharing,pieces,presence,relay,stock-peers,swarm,upload-limits}.test.ts',
  'test/operating/*.test.ts',
  'test/faults/{deniers,large-holders,large-liars,restarts}.test.ts',
  'test/faults/{messages-absence,messages-canary,messages-forgeries,messages-liars,messages-much-mail,messages-replays,inbox-*}.test.ts',
]
/** Tests in a real Chromium; tests of the tab that need none are in test/browser/. */
const BROWSER = ['test/pages/*.test.ts', 'test/hostile/**/*.test.ts']
/** Tests among them that measure times, or keep the whole machine busy by themselves. The others mostly wait for a page: two at a time. */
const BROWSER_ALONE = ['test/pages/{direct,presence,swarm,video}.test.ts']
/** The main paths in each browser engine, by `npm run test:browsers`; `npm test` leaves them out, and has a short form in test/pages. */
const ENGINES = ['test/engines/*.test.ts']
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
          exclude: [...NETWORK, ...BROWSER, ...ENGINES, ...SETUP],
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
      atOnce(1, 'engines', ENGINES, 7, PATIENT_MS),
      // Each has a clone of its own, and waits for npm and the disk as much as for the processor.
      atOnce(2, 'setup', SETUP, 6, 600_000),
    ],
  },
})

/** A project that runs this many files at once: one where tests measure times, or load the machine themselves. */
function atOnce(files: 1 | 2, name: string, include: string[], groupOrder: number, timeoutMs: number, exclude: string[] = []) {
  return {
    extends: true,
    test: { name, include, exclude, sequence: { groupOrder }, maxWorkers: files, testTimeout: timeoutMs, hookTimeout: timeoutMs },
  } as const
}
