/**
 * Shows a room of fifty, of whom none has more than ten direct connections: each asks all the others at once, and has every answer. Prints how long
 * the answers took, and the most direct connections that a tab had, as its browser counts them. Ends with 1 where an answer is missing, a tab has more
 * connections than ten, or the p95 of a call is over a second. All share the processors of this machine, tabs of a browser more than tabs of Node.js.
 *
 *   npm run show-hall                  50 tabs of Chromium: some minutes, and about 6 GiB of memory
 *   npm run show-hall -- 20            so many tabs
 *   npm run show-hall -- 50 node       tabs in four processes of Node.js, without WebRTC: all goes through the homes
 */

import { openTabs } from './bench/bulk-pages.ts'
import type { HallReading } from './bench/hall-member.ts'
import { type MayflyNode, startNode } from './bench/mayfly-network.ts'
import type { HallPageCalls } from './bench/pages/hall-page.ts'
import { cpuMsOf, familyOf } from './bench/process-stat.ts'
import { ms, p50, p95, seconds, sum } from './bench/samples.ts'
import { mapParallel } from './bench/wait.ts'
import { startWorker } from './bench/worker.ts'
import type { HallWorkerCalls } from './bench/workers/hall-swarm.ts'

const MAX_DIRECT = 10
const BAR_MS = 1_000
/** Tabs that enter at once. */
const ENTERING = 4
const NODES = 3
const PROCESSES = 4

interface Member {
  enter(node: MayflyNode): Promise<void>
  see(count: number): Promise<void>
  ask(): Promise<HallReading>
  direct(): Promise<{ now: number; most: number }>
}

/** For each page, before its own script: counts its connections that have connected and have not been closed. */
function countConnections(): void {
  const connected = new Set<RTCPeerConnection>()
  let most = 0
  globalThis.directConnections = () => ({ now: connected.size, most })
  const Original = RTCPeerConnection
  globalThis.RTCPeerConnection = class extends Original {
    constructor(configuration?: RTCConfiguration) {
      super(configuration)
      this.addEventListener('connectionstatechange', () => {
        if (this.connectionState === 'connected') connected.add(this)
        else connected.delete(this)
        most = Math.max(most, connected.size)
      })
    }

    override close(): void {
      connected.delete(this)
      super.close()
    }
  }
}

async function openMembers(count: number, kind: string, stack: AsyncDisposableStack): Promise<Member[]> {
  if (kind === 'node') {
    const start = async () => stack.use(await startWorker<HallWorkerCalls>(new URL('bench/workers/hall-swarm.ts', import.meta.url)))
    const workers = await Promise.all(Array.from({ length: PROCESSES }, start))
    return Array.from({ length: count }, (_, i) => {
      const worker = workers[i % PROCESSES] as (typeof workers)[0]
      let number = 0
      return {
        async enter({ address }) {
          number = await worker.call('enter', { address })
        },
        see: (others) => worker.call('see', { number, count: others }),
        ask: () => worker.call('ask', { number }),
        direct: async () => ({ now: 0, most: 0 }),
      }
    })
  }
  const tabs = await openTabs<HallPageCalls>('hall-page', count, stack, countConnections)
  return tabs.map((tab) => ({
    enter: ({ url }) => tab.call('enter', { gateway: url }),
    see: (others) => tab.call('see', others),
    ask: () => tab.call('ask'),
    direct: () => tab.call('direct'),
  }))
}

async function show(count: number, kind: string): Promise<boolean> {
  await using stack = new AsyncDisposableStack()
  const startArguments = ['--allow-origin', '*']
  const first = stack.use(await startNode({ startArguments }))
  const nodes = [first]
  for (let i = 1; i < NODES; i++) nodes.push(stack.use(await startNode({ join: [first.url], startArguments })))
  const members = await openMembers(count, kind, stack)
  console.log(`${count} tabs of ${NODES} nodes, ${kind === 'node' ? `in ${PROCESSES} processes of Node.js` : 'in one Chromium'}`)
  const startedAtMs = performance.now()
  const processorMs = () => sum(familyOf(process.pid).map(cpuMsOf))
  const startedMs = processorMs()
  const since = () => `${seconds(performance.now() - startedAtMs)}, ${seconds(processorMs() - startedMs)} of processor time`
  await mapParallel(members, ENTERING, (member, i) => member.enter(nodes[i % NODES] as MayflyNode))
  console.log(`all have entered the room after ${since()}`)
  await Promise.all(members.map((member) => member.see(count - 1)))
  console.log(`each sees the ${count - 1} others after ${since()}`)

  let isWell = true
  for (const round of ['the first call', 'the next']) {
    const readings = []
    for (const member of members) readings.push(await member.ask())
    const took = readings.flatMap(({ tookMs }) => tookMs)
    const missing = count * (count - 1) - took.length
    const tails = readings.map(({ tookMs }) => p95(tookMs))
    console.log(
      `${round}: ${took.length} answers, ${missing} missing; p50 ${ms(p50(took))}, p95 ${ms(p95(took))}, ` +
        `the first tab's p95 ${ms(tails[0] ?? Number.NaN)}, the slowest tab's ${ms(Math.max(...tails))}; after ${since()}`,
    )
    for (const text of new Set(readings.flatMap(({ errors }) => errors))) console.log(`  ${text}`)
    if (missing > 0 || p95(took) > BAR_MS) isWell = false
  }
  const direct = await Promise.all(members.map((member) => member.direct()))
  const most = Math.max(...direct.map((each) => each.most))
  const now = direct.map((each) => each.now).toSorted((a, b) => a - b)
  console.log(`direct connections of a tab: ${now[0]} to ${now.at(-1)} now, ${most} at most; the cap is ${MAX_DIRECT}`)
  return isWell && most <= MAX_DIRECT
}

const [count = '50', kind = 'chromium'] = process.argv.slice(2)
process.exitCode = (await show(Number(count), kind)) ? 0 : 1
