/** A foreign program, run to its end by a test. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { onTestFinished } from 'vitest'
import { requireProgram, type TestProgram } from '../../scripts/test-programs.ts'

export interface ProgramResult {
  code: number | null
  stdout: Buffer
  stderr: string
}

/** @throws with the package to install, when the program is not on this machine */
export async function runProgram(name: TestProgram, args: readonly string[], cwd?: string): Promise<ProgramResult> {
  const child = spawn(requireProgram(name), args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  const chunks: Buffer[] = []
  let stderr = ''
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk))
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk
  })
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, stdout: Buffer.concat(chunks), stderr }
}
