/** A foreign program that runs beside a test, and ends with it. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { onTestFinished } from 'vitest'
import { requireProgram, type TestProgram } from '../../scripts/test-programs.ts'
import { createLineLog, type LineLog } from './line-log.ts'

export interface BackgroundProgram {
  /** Its lines on standard error. */
  log: LineLog
  signal(name: NodeJS.Signals): void
}

/** @throws with the package to install, when the program is not on this machine */
export function startProgram(name: TestProgram, args: readonly string[], env: Record<string, string> = {}): BackgroundProgram {
  const child = spawn(requireProgram(name), args, { env: { ...process.env, ...env }, stdio: ['ignore', 'ignore', 'pipe'] })
  const closed = once(child, 'close')
  onTestFinished(async () => {
    child.kill('SIGTERM')
    const late = setTimeout(() => child.kill('SIGKILL'), 3_000)
    await closed
    clearTimeout(late)
  })
  return { log: createLineLog(child.stderr), signal: (signal) => void child.kill(signal) }
}
