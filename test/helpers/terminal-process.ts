/** The `mayfly` command in a terminal of its own, of a chosen width: `script` of util-linux, which Debian always has, makes it. */

import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { onTestFinished } from 'vitest'
import { MAYFLY_MAIN, type MayflyExit, mayflyEnvironment } from './mayfly-process.ts'
import { waitFor } from './wait-for.ts'

const WAIT_MS = 90_000
const ROWS = 40
const CTRL_C = '\u0003'

/** False where there is no such program. */
export const canMakeTerminals = process.platform === 'linux' && spawnSync('script', ['--version']).status === 0

/** It ends with its test. */
export function spawnInTerminal(args: string[], { columns = 80, env = {} }: { columns?: number; env?: Record<string, string> } = {}) {
  const command = [process.execPath, MAYFLY_MAIN, ...args].map((part) => `'${part.replaceAll("'", `'\\''`)}'`).join(' ')
  const run = `stty cols ${columns} rows ${ROWS}; exec ${command}`
  const child = spawn('script', ['--quiet', '--return', '--flush', '--command', run, '/dev/null'], {
    env: { ...mayflyEnvironment(), TERM: 'xterm', SHELL: '/bin/sh', ...env },
    stdio: ['pipe', 'pipe', 'ignore'],
  })
  let text = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk
  })
  child.stdin.on('error', () => {}) // it may have ended
  const exited = once(child, 'close').then(([code, signal]): MayflyExit => ({ code, signal }))
  onTestFinished(async () => {
    child.kill('SIGKILL') // its terminal closes, and so the command ends
    await exited
  })
  return {
    exited,
    /** All that was written, with what it was drawn over by. */
    get text() {
      return text
    },
    /** Resolves when it has written that. @param from characters before this one do not count */
    async says(words: string, from = 0): Promise<void> {
      await waitFor(() => text.includes(words, from), WAIT_MS, `the terminal says ${words}`).catch((error: unknown) => {
        throw new Error(`It does not say ${JSON.stringify(words)}; it said:\n${text}`, { cause: error })
      })
    },
    type: (keys: string) => void child.stdin.write(keys),
    interrupt: () => void child.stdin.write(CTRL_C),
  }
}
