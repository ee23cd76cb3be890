/**
 * One stranger's connection beside a thousand honest tabs that hold a page each: how fast the node answers /healthz while the stranger sends
 * each kind of traffic as fast as it goes, and that no tab loses its connection or its page.
 *
 *   npm run bench -- strangers
 */

import { type MayflyNode, startNode } from './bench/mayfly-network.ts'
import { type Bench, runBench } from './bench/report.ts'
import { digits, ms, p50, p95 } from './bench/samples.ts'
import { waitUntil } from './bench/wait.ts'
import { startWorker } from './bench/worker.ts'
import type { StrangerCalls, Traffic } from './bench/workers/stranger.ts'
import type { TabSwarmCalls } from './bench/workers/tab-swarm.ts'

const TABS = Number(process.argv[2] ?? 1_000)
const SWARMS = 4
const PAGE_BYTES = 1_024
const LOOK_MS = 20
const EACH_MS = 5_000
const BAR_MS = 200
const TRAFFIC: readonly Traffic[] = ['nothing', 'streams', 'echoes', 'lookups', 'window updates', 'bytes']

async function measureStrangers(bench: Bench): Promise<void> {
  const node = bench.stack.use(await startNode())
  const swarms = await Promise.all(
    Array.from({ length: SWARMS }, async () =>
      bench.stack.use(await startWorker<TabSwarmCalls>(new URL('bench/workers/tab-swarm.ts', import.meta.url))),
    ),
  )
  await Promise.all(swarms.map((swarm) => swarm.call('join', { count: TABS / SWARMS, addresses: [node.address] })))
  await Promise.all(swarms.map((swarm) => swarm.call('holdPages', { bytes: PAGE_BYTES })))
  await waitUntil(async () => (await node.status()).counts.leases >= TABS, 120_000, 'the node has every lease')
  bench.step(`${TABS} tabs hold a page each`)
  const rows: string[][] = []
  let idleP95 = Number.NaN
  let slowest = 0
  for (const traffic of TRAFFIC) {
    const stranger = await startWorker<StrangerCalls>(new URL('bench/workers/stranger.ts', import.meta.url))
    const answers = askUntil(node)
    const { sent, isOpen } = await stranger.call('run', { address: node.address, traffic, forMs: EACH_MS })
    const times = await answers.stop()
    await stranger.kill('SIGKILL')
    if (traffic === 'nothing') idleP95 = p95(times)
    const longest = Math.max(...times)
    slowest = Math.max(slowest, longest)
    rows.push([
      traffic,
      String(Math.round(sent)),
      isOpen ? 'yes' : 'no',
      digits(p50(times)),
      digits(p95(times)),
      digits(p95(times) / idleP95),
      digits(longest),
    ])
    bench.step(`${traffic}: ${ms(longest)} at most`)
  }
  const { tabs, leases } = (await node.status()).counts
  const joined = (await Promise.all(swarms.map((swarm) => swarm.call('counts')))).reduce((all, counts) => all + counts.joined, 0)
  bench.table(
    'Answers of /healthz while a stranger sends',
    ['what', 'sent', 'still connected', 'p50, ms', 'p95, ms', 'p95 / idle', 'longest, ms'],
    rows,
  )
  bench.judge({ what: 'longest answer of /healthz', reading: slowest, as: ms, under: BAR_MS })
  bench.judge({
    what: 'honest tabs connected, and their pages held',
    value: `${Math.min(tabs, joined)}, ${leases}`,
    bar: `${TABS}, ${TABS}`,
    met: tabs >= TABS && joined >= TABS && leases >= TABS,
  })
}

/** Polls until it is stopped; resolves with the time of each answer, in ms. */
function askUntil({ url }: MayflyNode): { stop(): Promise<number[]> } {
  const times: number[] = []
  let stopped = false
  const asking = (async () => {
    while (!stopped) {
      const startedAtMs = performance.now()
      await (await fetch(`${url}/healthz`)).text()
      times.push(performance.now() - startedAtMs)
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
    }
  })()
  return {
    async stop() {
      stopped = true
      await asking
      return times
    },
  }
}

if (import.meta.main) await runBench('strangers', measureStrangers)
