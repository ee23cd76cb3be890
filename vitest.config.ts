/** The tests, in projects that differ in what they need and in how much of the machine they may have. */

import { defineConfig } from 'vitest/config'
import { TallyReporter } from './scripts/tally-reporter.ts'

/** Many peers, processes, faults. */
const NETWORK = ['test/network/**/*.test.ts', 'test/faults/**/*.test.ts']
/** Those of them that count and compare, and wait for events: two at a time, since much of their time goes into starting processes. */
const SHARED = [
  'test/network/{command,command-content,send-command,receive-command,private-link,foreign-clients,verified-fetch}.test.ts',
  'test/network/{messages*,large-messages,readme-receiver}.test.ts',
  'test/faults/{messages-absence,messages-canary,messages-forgeries,messages-liars,messages-much-mail,messages-replays,inbox-*}.test.ts',
]
/** In a real Chromium; what can be tested of the tab without one is in test/browser/unit/. */
const BROWSER = ['test/browser/*.test.ts', 'test/hostile/**/*.test.ts']
/** Those of them that measure times, or keep the whole machine busy by themselves. The others mostly wait for a page: two at a time. */
const BROWSER_ALONE = ['test/browser/{direct,presence,swarm,video}.test.ts']
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
        test: { name: 'shared', include: SHARED, sequence: { groupOrder: 2 }, maxWorkers: 2, testTimeout: 60_000, hookTimeout: 60_000 },
      },
      oneAfterAnother('network', NETWORK, 3, 60_000, SHARED),
      {
        extends: true,
        test: {
          name: 'pages',
          include: BROWSER,
          exclude: BROWSER_ALONE,
          sequence: { groupOrder: 4 },
          maxWorkers: 2,
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      oneAfterAnother('browser', BROWSER_ALONE, 5, 120_000),
      oneAfterAnother('setup', SETUP, 6, 300_000),
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
