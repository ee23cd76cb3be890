/** The `mayfly` command, built for the run, as a process of its own, with the Node.js that runs the tests. It never outlives its test. */

import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Readable, Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { inject, onTestFinished } from 'vitest'
import { createLineLog, type LineLog } from './line-log.ts'

/** Built by command-build.ts. */
export const MAYFLY_MAIN = inject('mayflyMain')
/** Not built: each of its modules is a file. */
export const MAYFLY_SOURCE = fileURLToPath(new URL('../../node/cli/main.ts', import.meta.url))

export interface MayflyProcessOptions {
  /** On top of an environment without any MAYFLY_ variable. */
  env?: Record<string, string>
  /** Standard input; nothing, and its end, when left out. */
  stdin?: string | Uint8Array
  cwd?: string
  /** The script to run; the built command when left out. */
  main?: string
  /** Runs after the process has ended, before `exited` resolves. */
  afterExit?: () => Promise<void>
}

export interface MayflyExit {
  code: number | null
  signal: NodeJS.Signals | null
}

export interface MayflyProcess {
  readonly process: ChildProcessByStdio<Writable, Readable, Readable>
  readonly stdout: LineLog
  readonly stderr: LineLog
  /** How it ended. */
  readonly exited: Promise<MayflyExit>
  /** Sends the signal and waits for the end; `SIGSTOP` and `SIGCONT` return at once. */
  kill(signal: NodeJS.Signals): Promise<MayflyExit | undefined>
}

/** Those that run. A worker that exits in the middle of a test takes them with it. */
const running = new Set<MayflyProcess['process']>()
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

/** Within a test it is killed when the test ends; in a hook, kill it in another. */
export function spawnMayfly(
  args: string[],
  { env = {}, stdin, cwd, main = MAYFLY_MAIN, afterExit }: MayflyProcessOptions = {},
): MayflyProcess {
  const child = spawn(process.execPath, [main, ...args], {
    env: { ...mayflyEnvironment(), ...env },
    cwd,
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  running.add(child)
  // 'close' comes after both streams were read to their ends, so that nothing said is missing.
  const exited = once(child, 'close').then(async ([code, signal]): Promise<MayflyExit> => {
    running.delete(child)
    await afterExit?.()
    return { code, signal }
  })
  child.stdin.on('error', () => {}) // it may end without reading
  child.stdin.end(stdin)
  killAfterTest(child, exited)
  return {
    process: child,
    stdout: createLineLog(child.stdout),
    stderr: createLineLog(child.stderr),
    exited,
    async kill(signal) {
      child.kill(signal)
      if (signal === 'SIGSTOP' || signal === 'SIGCONT') return undefined
      return exited
    },
  }
}

export interface MayflyResult extends MayflyExit {
  stdout: Buffer
  stderr: string
}

/** Runs it to its end. */
export async function runMayfly(args: string[], options?: MayflyProcessOptions): Promise<MayflyResult> {
  const { process: child, exited, stderr } = spawnMayfly(args, options)
  const chunks: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk))
  const exit = await exited
  return { ...exit, stdout: Buffer.concat(chunks), stderr: stderr.lines.join('\n') }
}

/** Without what the person or the machine has set for the command. */
export function mayflyEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('MAYFLY_') && name !== 'XDG_DATA_HOME'))
}

function killAfterTest(child: MayflyProcess['process'], exited: Promise<MayflyExit>): void {
  try {
    onTestFinished(async () => {
      child.kill('SIGKILL')
      await exited
    })
  } catch {
    // Not in a test: the hook that started it ends it.
  }
}
