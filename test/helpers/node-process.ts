/** A node as a process of its own: `mayfly start` at a free port of loopback, with an identity that goes with the test. */

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type MayflyExit, type MayflyProcess, spawnMayfly } from './mayfly-process.ts'

export interface NodeProcessOptions {
  /** Gateways' URLs or multiaddrs to join. */
  join?: string[]
  /** Directory of the identity, kept after the node's end; a new one, which goes with the node, when left out. */
  data?: string
  /** Any free port when left out. */
  port?: number
  /** Further arguments of `mayfly start`. */
  args?: string[]
  env?: Record<string, string>
  /** How long it may take to serve, in ms. */
  timeoutMs?: number
}

export const NODE_PROCESS_DEFAULTS = {
  timeoutMs: 60_000, // a slow machine that starts several at once
} as const

/** A line of its log: `{ level, time, msg, … }`. */
export type LogLine = Record<string, unknown>

export interface NodeProcess extends AsyncDisposable {
  /** Of its gateway. */
  readonly url: string
  readonly port: number
  /** Peer id. */
  readonly id: string
  readonly addresses: string[]
  readonly data: string
  readonly process: MayflyProcess['process']
  /** Its log so far. */
  log(): LogLine[]
  /** The first line of its log that fits, said already or still to come. */
  waitForLog(fits: (line: LogLine) => boolean, timeoutMs?: number): Promise<LogLine>
  /** Asks it to end, and waits for that. */
  stop(): Promise<MayflyExit>
  /** Sends the signal and waits for the end; `SIGSTOP` and `SIGCONT` return at once. */
  kill(signal: NodeJS.Signals): Promise<MayflyExit | undefined>
}

/**
 * Resolves once the node serves. Within a test it is killed when the test ends; in a hook, stop it in another.
 *
 * @throws with its output, when it ends instead or does not serve in time
 */
export async function startNodeProcess(options: NodeProcessOptions = {}): Promise<NodeProcess> {
  const { timeoutMs } = { ...NODE_PROCESS_DEFAULTS, ...options }
  const data = options.data ?? (await mkdtemp(join(tmpdir(), 'mayfly-node-')))
  const joins = (options.join ?? []).flatMap((address) => ['--join', address])
  const port = String(options.port ?? 0)
  const args = ['start', '--json', '--port', port, '--data', data, ...joins, ...(options.args ?? [])]
  const isKept = options.data !== undefined
  const mayfly = spawnMayfly(args, {
    env: options.env ?? {},
    afterExit: async () => {
      if (!isKept) await rm(data, { recursive: true, force: true })
    },
  })
  const { stdout, stderr, exited } = mayfly

  const line = await stdout
    .waitFor(() => true, { timeoutMs })
    .catch(async (error: Error) => {
      await mayfly.kill('SIGKILL')
      throw new Error(`mayfly ${args.join(' ')} does not serve: ${error.message}\nIt said on standard error:\n${stderr.lines.join('\n')}`)
    })
  const { url, id, addresses } = JSON.parse(line) as { url: string; id: string; addresses: string[] }

  const stop = async () => {
    mayfly.process.kill('SIGTERM')
    return exited
  }
  return {
    url,
    port: Number(new URL(url).port),
    id,
    addresses,
    data,
    process: mayfly.process,
    log: () => stderr.lines.map(parseLogLine),
    waitForLog: async (fits, waitMs) =>
      parseLogLine(await stderr.waitFor((text) => fits(parseLogLine(text)), waitMs === undefined ? {} : { timeoutMs: waitMs })),
    stop,
    kill: (signal) => mayfly.kill(signal),
    [Symbol.asyncDispose]: async () => void (await mayfly.kill('SIGKILL')),
  }
}

/** A line that is no JSON (a warning or a stack of Node.js itself) becomes the `msg`. */
function parseLogLine(text: string): LogLine {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null) return { ...value }
  } catch {}
  return { level: 'unknown', msg: text }
}
