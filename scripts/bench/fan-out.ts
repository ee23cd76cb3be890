/** One post to a thousand listeners: in mayfly, tabs behind four nodes, and beside it sockets of one server. The listeners are in two processes. */

import { REDIS, startBroker } from './broker.ts'
import type { Bench } from './report.ts'
import { waitUntil } from './wait.ts'
import { startWorker, type Worker } from './worker.ts'
import type { BroadcasterCalls } from './workers/broadcaster.ts'
import type { ListenerSwarmCalls } from './workers/listener-swarm.ts'
import type { MessageNodeCalls } from './workers/message-node.ts'

export const LISTENERS = 1_000
const NODES = 4
const SWARMS = 2
const POSTS = 5
const END = '#fan-out'
const MESH_MS = 30_000
const HEARD_MS = 30_000

export interface FanOut {
  name: string
  /** Time from each post to its last listener, in ms. */
  readings: number[]
}

interface Group {
  swarms: Worker<ListenerSwarmCalls>[]
  /** Resolves with when it began, in ms since the epoch. */
  say(text: string): Promise<number>
}

type Start = (directory: string, stack: AsyncDisposableStack) => Promise<Group>

export const SOCKETS_FAN_OUT = 'websockets of one server'
export const MAYFLY_FAN_OUT = `mayfly, tabs behind ${NODES} nodes`

const GROUPS: Readonly<Record<string, Start>> = {
  [MAYFLY_FAN_OUT]: async (_, stack) => {
    const nodes: Worker<MessageNodeCalls>[] = []
    const homes: string[] = []
    for (let i = 0; i < NODES; i++) {
      const node = stack.use(await startWorker<MessageNodeCalls>(new URL('workers/message-node.ts', import.meta.url)))
      const { address } = await node.call('start', { join: homes.slice(0, 1) })
      nodes.push(node)
      homes.push(address)
    }
    const know = async () => (await Promise.all(nodes.map((node) => node.call('servers')))).every((servers) => servers === NODES - 1)
    await waitUntil(know, MESH_MS, 'each node knows all the others')
    const swarms = await startSwarms(stack, (swarm, count) => swarm.call('tap', { count, homes, end: END }))
    return { swarms, say: (text) => (nodes[0] as Worker<MessageNodeCalls>).call('say', { end: END, body: text }) }
  },
  [SOCKETS_FAN_OUT]: async (_, stack) => {
    const server = stack.use(await startWorker<BroadcasterCalls>(new URL('workers/broadcaster.ts', import.meta.url)))
    const port = await server.call('listen')
    return {
      swarms: await startSwarms(stack, (swarm, count) => swarm.call('websockets', { count, port })),
      say: (text) => server.call('say', { text }),
    }
  },
  'Redis, publish and subscribe': async (directory, stack) => {
    const { port } = await startBroker(REDIS, directory, stack)
    const client = stack.use(await startWorker<BroadcasterCalls>(new URL('workers/broadcaster.ts', import.meta.url)))
    await client.call('connect', { port })
    return {
      swarms: await startSwarms(stack, (swarm, count) => swarm.call('redis', { count, port })),
      say: (text) => client.call('say', { text }),
    }
  },
}

/** One after the other: a thousand tabs take memory, and leave little of the machine to others. */
export async function measureFanOut(bench: Bench, directoryFor: (name: string) => string, words: string[] | undefined): Promise<FanOut[]> {
  const results: FanOut[] = []
  for (const [name, start] of Object.entries(GROUPS)) {
    if (words !== undefined && !words.some((word) => name.toLowerCase().includes(word))) continue
    bench.step(`${LISTENERS} listeners: ${name}`)
    await using stack = new AsyncDisposableStack()
    try {
      const group = await start(directoryFor(name), stack)
      const readings: number[] = []
      // The first one is not counted: code that has run is faster.
      for (let i = 0; i <= POSTS; i++) readings.push(await sayToAll(group, `said-${i}`))
      results.push({ name, readings: readings.slice(1) })
    } catch (error) {
      bench.note(`${name} is left out of the fan-out: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
  return results
}

async function sayToAll({ swarms, say }: Group, text: string): Promise<number> {
  const heard = swarms.map((swarm) => swarm.call('whenHeard', { text, count: LISTENERS / SWARMS, timeoutMs: HEARD_MS }))
  const beganAtMs = await say(text)
  return Math.max(...(await Promise.all(heard))) - beganAtMs
}

async function startSwarms(
  stack: AsyncDisposableStack,
  listen: (swarm: Worker<ListenerSwarmCalls>, count: number) => Promise<void>,
): Promise<Worker<ListenerSwarmCalls>[]> {
  return Promise.all(
    Array.from({ length: SWARMS }, async () => {
      const swarm = stack.use(await startWorker<ListenerSwarmCalls>(new URL('workers/listener-swarm.ts', import.meta.url)))
      await listen(swarm, LISTENERS / SWARMS)
      return swarm
    }),
  )
}
