/**
 * Shows a network of many nodes, several to a process, that form groups: pages are held by any, found and counted by any others; nodes stop and
 * start; the network falls into two halves and is healed; the three record nodes of pages are killed at once. Prints how long each took, and all
 * that was wrong; ends with 1 where anything was.
 *
 *   npm run show-growth                 64 nodes, of which 49 or more form groups, as in a large network
 *   npm run show-growth -- 128          so many nodes
 *   npm run show-growth -- 24 8         groups of more than eight are split: 24 nodes form two, 64 four
 *   npm run show-growth -- 64 mesh      no groups: each is connected to all others
 */

import { loadavg } from 'node:os'
import { checkChurn, checkPages, checkPartition, checkThrees, type GrowthReport } from './bench/growth-checks.ts'
import { createNodeSwarm, MESH } from './bench/node-swarm.ts'
import { bytes, digits, p50, seconds } from './bench/samples.ts'

const MOST_PER_PROCESS = 32
/** The floor of merges beside that of splits, as by default. */
const MERGE_RATIO = 4
const WHOLE_MS = 240_000
const ROUNDS = 12
const THREES = 3
const PAGES_OF_THREE = 8

const startedAtMs = performance.now()
let wrong = 0
const report: GrowthReport = {
  say: (text) => console.log(`${seconds(performance.now() - startedAtMs).padStart(8)}  ${text}`),
  wrong(text) {
    wrong++
    report.say(`WRONG  ${text}`)
  },
}

async function show(size: number, floor: number | undefined): Promise<void> {
  await using stack = new AsyncDisposableStack()
  const groups = floor === undefined ? MESH : { splitFloor: floor, mergeFloor: Math.floor(floor / MERGE_RATIO) }
  const swarm = createNodeSwarm({ groups, perProcess: Math.min(MOST_PER_PROCESS, Math.ceil(size / 2)) }, stack)
  report.say(`${size} nodes, ${2 ** swarm.bitsAt(size)} groups, load of the machine ${digits(loadavg()[0] ?? 0)}`)
  await swarm.grow(size)
  report.say('all have joined')
  for (const text of await swarm.untilWhole(WHOLE_MS)) report.wrong(`not whole: ${text}`)
  const shapes = await swarm.shapes()
  const connections = shapes.map((shape) => shape.connections)
  const memory = (await swarm.heap()) / size
  report.say(`whole; connections p50 ${p50(connections)}, max ${Math.max(...connections)}; ${bytes(memory)} of heap a node`)
  await checkPages(swarm, report, 2 * size)
  await checkChurn(swarm, report, ROUNDS, size)
  await checkPartition(swarm, report, size)
  await checkThrees(swarm, report, THREES, PAGES_OF_THREE)
  const after = (await swarm.shapes()).map((shape) => shape.connections)
  report.say(`in the end: connections p50 ${p50(after)}, max ${Math.max(...after)}; load ${digits(loadavg()[0] ?? 0)}`)
}

const [size = '64', floor = '48'] = process.argv.slice(2)
await show(Number(size), floor === 'mesh' ? undefined : Number(floor))
console.log(wrong === 0 ? 'nothing was wrong' : `${wrong} things were wrong`)
process.exitCode = wrong === 0 ? 0 : 1
