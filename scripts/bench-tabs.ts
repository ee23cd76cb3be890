/**
 * Two thousand tabs on one node, each holding a page of its own: memory of the node, joins per second, and how fast its API answers
 * while one tab shares a large content with a hundred others. The node is `mayfly start`; the tabs are real peers with real websockets in
 * other processes. The project that mayfly grew from held 780 tabs in 512 MB and fell over when one of them shared a video.
 *
 *   npm run bench -- tabs
 *   BENCH_TABS=400 npm run bench -- tabs     so many, a multiple of eight, for a comparison; the bars are those of 2,000
 */

import { type MayflyNode, startNode } from './bench/mayfly-network.ts'
import { makePage } from './bench/pages.ts'
import { cpuMsOf, peakRssOf, rssOf } from './bench/process-stat.ts'
import { type Bench, runBench } from './bench/report.ts'
import { digits, ms, p50, p95 } from './bench/samples.ts'
import { waitUntil } from './bench/wait.ts'
import { startWorker, type Worker } from './bench/worker.ts'
import type { TabSwarmCalls } from './bench/workers/tab-swarm.ts'

const TABS = Number(process.env.BENCH_TABS ?? 2_000)
const SWARMS = 8
const PAGE_BYTES = 1_024
const SHARED_BYTES = 262_144
const READERS = 100
/** Between two looks at the API, in ms. */
const LOOK_MS = 20
const IDLE_MS = 5_000
/** As long as tabs come back to rest after joining: first the collector, then kad-dht. */
const SETTLE_MS = 10_000

const MB = 1_000_000
const BAR_MB = 400
const BAR_MB_A_TAB = 0.12
const BAR_JOINS = 220
/** Memory per tab of the project that mayfly grew from. */
const EPHEMERAL_MB = '0.38–0.45'

async function measureTabs(bench: Bench): Promise<void> {
  if (TABS % SWARMS !== 0 || TABS < 2 * READERS) throw new Error(`BENCH_TABS: a multiple of ${SWARMS}, from ${2 * READERS} up`)
  const node = bench.stack.use(await startNode())
  const swarms = await Promise.all(
    Array.from({ length: SWARMS }, async () =>
      bench.stack.use(await startWorker<TabSwarmCalls>(new URL('bench/workers/tab-swarm.ts', import.meta.url))),
    ),
  )
  const memory: string[][] = []
  let emptyRss = 0
  const weigh = async (when: string) => {
    const { tabs } = (await node.status()).counts
    const rss = rssOf(node.pid)
    if (tabs === 0 && emptyRss === 0) emptyRss = rss
    const each = tabs > 0 ? digits((rss - emptyRss) / tabs / MB) : '–'
    memory.push([when, String(tabs), (rss / MB).toFixed(0), (peakRssOf(node.pid) / MB).toFixed(0), each])
    return rss
  }

  const idle = await askFor(node, IDLE_MS)
  await weigh('before')
  const joins = await join(node, swarms)
  await weigh('joined')
  const answersWhileHolding = askUntil(node)
  await Promise.all(swarms.map((swarm) => swarm.call('holdPages', { bytes: PAGE_BYTES })))
  await waitUntil(async () => (await node.status()).counts.leases >= TABS, 60_000, 'the node has every lease')
  const holding = await answersWhileHolding.stop()
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS))
  const full = await askFor(node, IDLE_MS)
  const rss = await weigh('each holds a page')
  const share = await shareWithMany(node, swarms)
  await weigh(`one shares ${SHARED_BYTES / 1_024} KiB with ${READERS}`)
  const peakRss = peakRssOf(node.pid)
  await Promise.all(swarms.map((swarm) => swarm.kill('SIGKILL')))
  const goneMs = await waitUntil(async () => (await node.status()).counts.tabs === 0, 30_000, 'all tabs are gone')
  await weigh('all killed at once')

  bench.table(
    `Memory of one node process (empty: ${(emptyRss / MB).toFixed(0)} MB)`,
    ['when', 'tabs', 'RSS, MB', 'peak, MB', 'MB a tab'],
    memory,
  )
  bench.note(
    `ephemeral2 took ${EPHEMERAL_MB} MB a tab. ${TABS} tabs joined in ${digits(joins.ms / 1_000)} s: ${digits((TABS / joins.ms) * 1_000)} a second, ` +
      `at ${ms(joins.cpuMs / TABS)} of the node's CPU each (${digits((TABS / joins.cpuMs) * 1_000)} a second and core; the tabs themselves share this machine). ` +
      `Joining took a tab ${ms(p50(joins.times))} (p50), ${ms(p95(joins.times))} (p95).`,
  )
  bench.note(
    `One tab's ${SHARED_BYTES / 1_024} KiB read by ${READERS} tabs at once: ${ms(p50(share.times))} (p50), ${ms(p95(share.times))} (p95); the tab gave ` +
      `${digits(share.uploads)} uploads. All ${TABS} killed at once were gone from the node ${ms(goneMs)} after.`,
  )
  bench.table(
    'Answers of /api/v1/status',
    ['while', 'answers', 'p50, ms', 'p95, ms', 'p95 / idle'],
    [
      ['no tab is there', idle],
      [`${TABS} tabs join`, joins.answers],
      [`${TABS} tabs begin to hold`, holding],
      [`${TABS} tabs hold`, full],
      [`one tab shares ${SHARED_BYTES / 1_024} KiB with ${READERS}`, share.answers],
    ].map(([when, answers]) => {
      const times = answers as number[]
      return [when as string, String(times.length), digits(p50(times)), digits(p95(times)), digits(p95(times) / p95(idle))]
    }),
  )
  bench.judge({
    what: `RSS with ${TABS} holding tabs`,
    reading: rss / MB,
    as: (megabytes) => `${megabytes.toFixed(0)} MB`,
    atMost: BAR_MB,
  })
  bench.judge({
    what: `memory of each of ${TABS} holding tabs`,
    reading: (rss - emptyRss) / TABS / MB,
    as: (megabytes) => `${megabytes.toFixed(3)} MB`,
    atMost: BAR_MB_A_TAB,
  })
  bench.judge({
    what: 'joins a second and core of the node',
    reading: (TABS / joins.cpuMs) * 1_000,
    as: digits,
    atLeast: BAR_JOINS,
  })
  bench.judge({
    what: `the most ever, one sharing ${SHARED_BYTES / 1_024} KiB with ${READERS}`,
    reading: peakRss / MB,
    as: (megabytes) => `${megabytes.toFixed(0)} MB`,
    atMost: BAR_MB,
  })
}

type Swarms = Worker<TabSwarmCalls>[]

async function join(node: MayflyNode, swarms: Swarms) {
  const answers = askUntil(node)
  const cpuMs = cpuMsOf(node.pid)
  const startedAtMs = performance.now()
  const times = await Promise.all(swarms.map((swarm) => swarm.call('join', { count: TABS / SWARMS, addresses: [node.address] })))
  const took = performance.now() - startedAtMs
  return { ms: took, cpuMs: cpuMsOf(node.pid) - cpuMs, times: times.flat(), answers: await answers.stop() }
}

async function shareWithMany(node: MayflyNode, [sender, ...readers]: Swarms) {
  const shared = makePage(SHARED_BYTES)
  await sender?.call('hold', { tab: 0, bytes: shared.bytes })
  await waitUntil(async () => (await node.status()).counts.leases > TABS, 10_000, 'the node has the lease')
  const given = async () => (await sender?.call('counts'))?.bytesServed ?? 0
  const before = await given()
  const answers = askUntil(node)
  const each = Math.ceil(READERS / readers.length)
  const shares = readers.map((reader, n) => ({ reader, count: Math.max(0, Math.min(each, READERS - n * each)) }))
  const times = await Promise.all(shares.map(({ reader, count }) => reader.call('read', { from: 0, count, key: shared.key })))
  return { times: times.flat(), answers: await answers.stop(), uploads: ((await given()) - before) / SHARED_BYTES }
}

/** Polls the API until the signal aborts; resolves with the time of each answer, in ms. */
function askUntil(node: MayflyNode): { stop(): Promise<number[]> } {
  const times: number[] = []
  let stopped = false
  const asking = (async () => {
    while (!stopped) {
      const startedAtMs = performance.now()
      await node.status()
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

async function askFor(node: MayflyNode, forMs: number): Promise<number[]> {
  const asking = askUntil(node)
  await new Promise((resolve) => setTimeout(resolve, forMs))
  return asking.stop()
}

if (import.meta.main) await runBench('tabs', measureTabs)
