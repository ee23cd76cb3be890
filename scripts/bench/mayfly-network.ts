/** Nodes as users run them: `mayfly start`, each a process of its own at a free port of loopback, all of one network. */

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { PeerStatus } from '../../node/index.ts'
import { mapParallel, waitUntil } from './wait.ts'

const MAIN = fileURLToPath(new URL('../../node/cli/main.ts', import.meta.url))
const MANIFEST = new URL('../../package.json', import.meta.url)
const START_MS = 30_000
const MESH_MS = 60_000

export interface MayflyNode {
  readonly url: string
  readonly port: number
  readonly pid: number
  /** Peer id. */
  readonly id: string
  /** Multiaddr that others can join. */
  readonly address: string
  status(): Promise<PeerStatus>
  /** Holds the bytes. Resolves with their hash. */
  hold(bytes: Uint8Array): Promise<string>
  kill(signal: NodeJS.Signals): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/** @throws with its output, when it ends instead of serving */
export async function startNode(
  options: { join?: string[]; nodeArguments?: string[]; startArguments?: string[] } = {},
): Promise<MayflyNode> {
  const data = mkdtempSync(join(tmpdir(), 'mayfly-bench-'))
  const joins = (options.join ?? []).flatMap((address) => ['--join', address])
  const start = ['start', '--json', '--port', '0', '--log-level', 'warn', '--data', data, ...joins, ...(options.startArguments ?? [])]
  const child: ChildProcess = spawn(process.execPath, [...startFlags(), ...(options.nodeArguments ?? []), MAIN, ...start], {
    env: Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('MAYFLY_'))),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const errors = lastLines(child)
  const end = () => child.kill('SIGKILL')
  process.once('exit', end)
  const ended = once(child, 'exit').then(() => {
    process.off('exit', end)
    rmSync(data, { recursive: true, force: true })
  })
  const { url, id } = JSON.parse(await firstLine(child, errors)) as { url: string; id: string }
  const { port } = new URL(url)
  const kill = async (signal: NodeJS.Signals) => {
    child.kill(signal)
    if (signal !== 'SIGSTOP' && signal !== 'SIGCONT') await ended
  }
  return {
    url,
    port: Number(port),
    pid: child.pid as number,
    id,
    address: `/ip4/127.0.0.1/tcp/${port}/ws/p2p/${id}`,
    status: async () => (await (await fetch(`${url}/api/v1/status`)).json()) as PeerStatus,
    async hold(body) {
      const response = await fetch(`${url}/api/v1/content`, { method: 'PUT', body: new Uint8Array(body) })
      if (!response.ok) throw new Error(`hold: ${response.status} ${await response.text()}`)
      return ((await response.json()) as { hash: string }).hash
    },
    kill,
    [Symbol.asyncDispose]: () => kill('SIGKILL'),
  }
}

/** Resolves once each of them knows all the others. */
export async function startNetwork(count: number, stack: AsyncDisposableStack): Promise<MayflyNode[]> {
  const first = stack.use(await startNode())
  const others = await mapParallel(Array.from({ length: count - 1 }), 4, async () => stack.use(await startNode({ join: [first.url] })))
  const nodes = [first, ...others]
  const knowAll = async () => (await Promise.all(nodes.map((node) => node.status()))).every(({ counts }) => counts.servers === count - 1)
  await waitUntil(knowAll, MESH_MS, 'each node knows all the others')
  return nodes
}

/** The flags of Node.js that `npm start` runs a node with. */
function startFlags(): string[] {
  const { scripts } = JSON.parse(readFileSync(MANIFEST, 'utf8')) as { scripts: { start: string } }
  const [command = ''] = scripts.start.split('node/cli/main.ts')
  return command.split(' ').filter((word) => word.startsWith('--'))
}

function lastLines(child: ChildProcess): string[] {
  const lines: string[] = []
  if (child.stderr === null) return lines
  createInterface({ input: child.stderr }).on('line', (line) => {
    lines.push(line)
    if (lines.length > 20) lines.shift()
  })
  return lines
}

async function firstLine(child: ChildProcess, errors: string[]): Promise<string> {
  if (child.stdout === null) throw new TypeError('its standard output is not read')
  const reader = createInterface({ input: child.stdout })
  try {
    const [line] = await Promise.race([
      once(reader, 'line', { signal: AbortSignal.timeout(START_MS) }),
      once(child, 'exit').then(([code]) => {
        throw new Error(`it ended with ${code}`)
      }),
    ])
    return line
  } catch (cause) {
    child.kill('SIGKILL')
    throw new Error(`mayfly start does not serve; it said:\n${errors.join('\n')}`, { cause })
  }
}
