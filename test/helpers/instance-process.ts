/** Instances of accounts as processes of their own, which a test may stop, wake and kill. */

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'
import { createLineLog } from './line-log.ts'

const MAIN = fileURLToPath(new URL('./instance-main.ts', import.meta.url))

export interface InstanceProcess {
  /** Peer id. */
  readonly id: string
  /** When it was online, by `Date.now()`. */
  readonly onlineAtMs: number
  signal(name: NodeJS.Signals): void
}

/** Resolves once it is online. It is killed when the test ends. */
export async function startInstance(options: { join: string; words: string; leaseMs?: number }): Promise<InstanceProcess> {
  const child: ChildProcess = spawn(process.execPath, [MAIN, JSON.stringify({ leaseMs: 600_000, ...options })], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const closed = once(child, 'close')
  onTestFinished(async () => {
    child.kill('SIGKILL')
    await closed
  })
  if (child.stdout === null) throw new Error('an instance has a standard output')
  const [id = '', at] = (await createLineLog(child.stdout).waitFor(() => true)).split(' ')
  return { id, onlineAtMs: Number(at), signal: (name) => void child.kill(name) }
}
