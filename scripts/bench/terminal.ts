/** A command in a terminal of its own: what it says, and Ctrl-C, which the terminal sends to all that it started. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { waitUntil } from './wait.ts'

export type Terminal = ReturnType<typeof createTerminal>

export function createTerminal(command: string, options: { cwd: string; env: NodeJS.ProcessEnv }) {
  const child = spawn('bash', ['-c', command], { ...options, detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
  const ended = once(child, 'exit').then(() => {})
  const lines: string[] = []
  for (const stream of [child.stdout, child.stderr]) createInterface({ input: stream }).on('line', (line) => lines.push(line))
  const isRunning = () => child.exitCode === null && child.signalCode === null

  return {
    ended: () => ended,
    /** The first line that begins with the words. @throws when it does not come in time */
    async says(words: string, timeoutMs: number): Promise<string> {
      const find = () => lines.find((line) => line.startsWith(words))
      const failed = (cause: unknown) => {
        throw new Error(`${command} says no ${words}; it said:\n${lines.join('\n')}`, { cause })
      }
      await waitUntil(() => find() !== undefined || !isRunning(), timeoutMs, words).catch(failed)
      await waitUntil(() => find() !== undefined, 2_000, words).catch(failed)
      return find() as string
    },
    async interrupt(): Promise<void> {
      if (child.pid === undefined || !isRunning()) return
      process.kill(-child.pid, 'SIGINT')
      await ended
    },
  }
}
