/** One network of many nodes: how it comes together, and what one of its nodes costs, joins for, and waits for. */

import { setTimeout as delay } from 'node:timers/promises'
import type { PeerOptions } from '../../node/index.ts'
import { createNodeSwarm, type NodeSwarm, startSwarmWorker } from './node-swarm.ts'
import { makePages } from './pages.ts'
import { p50 } from './samples.ts'

export interface GrowthReading {
  /** First bits of a place that name a group. */
  bits: number
  /** Until each node has all the links that it needs, in ms; infinite when some lack some in the end. */
  wholeMs: number
  /** Nodes that lack links in the end. */
  missing: number
  /** Processor time of all until then, in ms. */
  cpuMs: number
  /** Connections of each node. */
  connections: number[]
  /** Heap of one node, in bytes. */
  nodeBytes: number
  /** Processor time of a node that joins, until it is whole, p50, in ms. */
  joinerCpuMs: number
  /** From a question for a held key to its first holder, p50, in ms. */
  findMs: number
  /** Bytes that an idle node sends, a second. */
  idleBytes: number
}

const PER_PROCESS = 128
const WHOLE_MS = 180_000
/** Surplus links are closed in this time, in ms, and a node settles. */
const SETTLE_MS = 20_000
/** Each joiner is watched for so long, in ms: its surplus links, and answers to others, are its cost too. */
const JOINED_MS = 8_000
/** The first joiner compiles the code for the others, and does not count. */
const JOINERS = 4
const FINDS = 60
const WARM_UP = 20
const IDLE_MS = 15_000

export async function measureNetwork(size: number, groups: PeerOptions['groups']): Promise<GrowthReading> {
  await using stack = new AsyncDisposableStack()
  const swarm = createNodeSwarm({ groups, perProcess: PER_PROCESS }, stack)
  await swarm.startWorkers(size)
  const emptyBytes = await swarm.heap()
  const startedAtMs = performance.now()
  await swarm.grow(size)
  const missing = (await swarm.untilWhole(WHOLE_MS)).length
  const wholeMs = missing === 0 ? performance.now() - startedAtMs : Number.POSITIVE_INFINITY
  const { cpuMs } = await swarm.used()
  await delay(SETTLE_MS)
  const before = await swarm.used()
  await delay(IDLE_MS)
  const idleBytes = ((await swarm.used()).bytes - before.bytes) / size / (IDLE_MS / 1_000)
  const shapes = await swarm.shapes()
  const nodeBytes = ((await swarm.heap()) - emptyBytes) / size
  return {
    bits: swarm.bitsAt(size),
    wholeMs,
    missing,
    cpuMs,
    connections: shapes.map(({ connections }) => connections),
    nodeBytes,
    findMs: await measureFinds(swarm),
    joinerCpuMs: await measureJoins(swarm, stack),
    idleBytes,
  }
}

async function measureFinds(swarm: NodeSwarm): Promise<number> {
  const readings: number[] = []
  for (const [i, { key }] of makePages(WARM_UP + FINDS, 32).entries()) {
    const { nodes } = swarm
    const [holder, reader] = [nodes[i % nodes.length], nodes[(i * 7 + 3) % nodes.length]]
    if (holder === undefined || reader === undefined || holder === reader) continue
    await holder.worker.call('hold', { number: holder.number, key })
    const { ms, holders } = await reader.worker.call('find', { number: reader.number, key, isFirst: true })
    if (holders.length === 0) throw new Error(`the holder of a key was not found among ${nodes.length} nodes`)
    if (i >= WARM_UP) readings.push(ms)
  }
  return p50(readings)
}

async function measureJoins(swarm: NodeSwarm, stack: AsyncDisposableStack): Promise<number> {
  const worker = await startSwarmWorker(stack)
  const readings: number[] = []
  for (let i = 0; i < JOINERS; i++) {
    const before = await worker.call('used')
    const [joiner] = await swarm.addTo(worker, [undefined])
    if (joiner === undefined) throw new Error('a node was to join')
    await delay(JOINED_MS)
    readings.push((await worker.call('used')).cpuMs - before.cpuMs)
    await swarm.remove(joiner)
  }
  return p50(readings.slice(1))
}
