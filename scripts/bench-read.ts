/**
 * Reading a 1 KiB page that is held elsewhere, in a network of eight nodes, each a process of its own; the reader is one more. Measured
 * is the time from the search to verified bytes, by peers that have joined and by peers that begin with nothing (made, joined, read
 * with, in a process that is warm). Every page is read once, so that no cache can help. Beside it, in the same run: stock kad-dht over
 * the same transport, HyperDHT and Helia, each with eight nodes of its own and its own way of fetching.
 *
 *   npm run bench -- read
 *   BENCH_SYSTEMS=mayfly,hyperdht npm run bench -- read
 */

import { type MayflyNode, startNetwork } from './bench/mayfly-network.ts'
import { installOther } from './bench/others.ts'
import { makePages, type Page } from './bench/pages.ts'
import { type Bench, runBench } from './bench/report.ts'
import { ms, p50, p95, times } from './bench/samples.ts'
import { startStockNetwork, startStockPeer } from './bench/stock-network.ts'
import { mapParallel, waitUntil } from './bench/wait.ts'
import { startWorker, type Worker } from './bench/worker.ts'
import type { OtherPeerCalls } from './bench/workers/other-peer.ts'
import type { ReaderCalls } from './bench/workers/reader.ts'
import type { TabSwarmCalls } from './bench/workers/tab-swarm.ts'

const NODES = 8
const PAGE_BYTES = 1_024
/** Read first and not counted: code that has run a few times is faster. */
const WARM_UP = 20
const JOINED_READS = 220
const TAB_HELD_READS = 100
const NEW_PEERS = 100
/** Each takes ten to fifty times as long. */
const OTHERS_READS = 60
const OTHERS_NEW_PEERS = 8

const BAR = { joinedP95Ms: 30 }
/** Of HyperDHT's time for the same, p50. A page that a tab holds is two steps away. */
const BAR_OF_HYPERDHT = {
  'a node that has joined': 0.9,
  'the same, of pages held by tabs': 1.2,
  "from nothing, by gateway's URL": 1.5,
} as const

/** Words, of which the names of the systems to measure beside mayfly have one; all when left out. */
const wanted = process.env.BENCH_SYSTEMS?.toLowerCase().split(',')
const isWanted = (name: string) => wanted?.some((word) => name.toLowerCase().includes(word)) ?? true

interface Row {
  system: string
  how: string
  readings: number[]
}

async function measureMayfly(bench: Bench): Promise<Row[]> {
  await using stack = new AsyncDisposableStack()
  const nodes = await startNetwork(NODES, stack)
  const reader = stack.use(await startWorker<ReaderCalls>(new URL('bench/workers/reader.ts', import.meta.url)))
  const [home, ...elsewhere] = nodes as [MayflyNode, ...MayflyNode[]]

  const hold = (pages: Page[]) => mapParallel(pages, 8, ({ bytes }, i) => elsewhere[i % elsewhere.length]?.hold(bytes) ?? Promise.reject())
  const held = async (count: number) => {
    const pages = makePages(count, PAGE_BYTES)
    await hold(pages)
    return pages.map(({ key }) => key)
  }
  const rows: Row[] = []
  const measure = async (how: string, keys: Uint8Array[], read: (keys: Uint8Array[]) => Promise<number[]>) => {
    await read(keys.slice(0, WARM_UP))
    rows.push({ system: 'mayfly', how, readings: await read(keys.slice(WARM_UP)) })
  }

  await reader.call('join', { role: 'node', address: home.address, servers: NODES })
  await measure('a node that has joined', await held(WARM_UP + JOINED_READS), (keys) => reader.call('read', { role: 'node', keys }))
  const tabHeld = await holdInTabs(elsewhere, WARM_UP + TAB_HELD_READS, stack)
  await measure('the same, of pages held by tabs', tabHeld, (keys) => reader.call('read', { role: 'node', keys }))
  await reader.call('leave')
  await reader.call('join', { role: 'tab', address: home.address, servers: 0 })
  await measure('a tab that has joined', await held(WARM_UP + JOINED_READS), (keys) => reader.call('read', { role: 'tab', keys }))
  await reader.call('leave')

  for (const [by, address] of [
    ['multiaddr', home.address],
    ["gateway's URL", home.url],
  ] as const) {
    const keys = await held(WARM_UP + NEW_PEERS)
    await reader.call('readFromNothing', { address, keys: keys.slice(0, WARM_UP) })
    const readings = await reader.call('readFromNothing', { address, keys: keys.slice(WARM_UP) })
    rows.push({ system: 'mayfly', how: `from nothing, by ${by}`, readings: readings.map((reading) => reading.ms) })
    bench.note(
      `from nothing, by ${by}: of ${ms(p50(readings.map((reading) => reading.ms)))}, joining is ${ms(p50(readings.map(({ joinMs }) => joinMs)))}`,
    )
  }
  return rows
}

/** One tab behind each of the nodes. */
async function holdInTabs(homes: MayflyNode[], count: number, stack: AsyncDisposableStack): Promise<Uint8Array[]> {
  const tabs = stack.use(await startWorker<TabSwarmCalls>(new URL('bench/workers/tab-swarm.ts', import.meta.url)))
  await tabs.call('join', { count: homes.length, addresses: homes.map(({ address }) => address) })
  const pages = makePages(count, PAGE_BYTES)
  for (const [i, { bytes }] of pages.entries()) await tabs.call('hold', { tab: i % homes.length, bytes })
  const leases = async () => (await Promise.all(homes.map((node) => node.status()))).reduce((total, { counts }) => total + counts.leases, 0)
  const before = (await leases()) - count
  await waitUntil(async () => (await leases()) >= before + count, 10_000, "the homes know their tabs' pages")
  return pages.map(({ key }) => key)
}

async function measureStock(): Promise<Row[]> {
  await using stack = new AsyncDisposableStack()
  const nodes = await startStockNetwork(NODES, stack)
  const provide = async (count: number) => {
    const pages = makePages(count, PAGE_BYTES)
    const shares = nodes.slice(1).map(({ worker }, n) => ({ worker, pages: pages.filter((_, i) => i % (NODES - 1) === n) }))
    await Promise.all(
      shares.map((share) =>
        share.worker.call(
          'provide',
          share.pages.map(({ bytes }) => bytes),
        ),
      ),
    )
    return pages.map(({ key }) => key)
  }
  const dial = nodes[0]?.address ?? ''
  const { worker: reader } = await startStockPeer({ server: true, dial, others: NODES }, stack)
  const warm = 5
  const joined = await provide(warm + OTHERS_READS)
  await reader.call('read', joined.slice(0, warm))
  const rows = [{ system: 'stock kad-dht', how: 'a server that has joined', readings: await reader.call('read', joined.slice(warm)) }]
  for (const tuned of [false, true]) {
    const keys = await provide(OTHERS_NEW_PEERS)
    const how = tuned ? 'from nothing, initialQuerySelfInterval: 0' : 'from nothing'
    rows.push({ system: 'stock kad-dht', how, readings: await reader.call('readFromNothing', { dial, keys, tuned }) })
  }
  return rows
}

async function measureOther(name: 'hyperdht' | 'helia', title: string): Promise<Row[]> {
  await using stack = new AsyncDisposableStack()
  const entry = await installOther(name)
  const start = async (bootstrap: string | undefined): Promise<{ worker: Worker<OtherPeerCalls>; address: string }> => {
    const worker = stack.use(await startWorker<OtherPeerCalls>(new URL(`bench/workers/${name}-peer.ts`, import.meta.url)))
    return { worker, address: await worker.call('start', { entry, bootstrap }) }
  }
  const first = await start(undefined)
  const others = await mapParallel(Array.from({ length: NODES - 1 }), 4, () => start(first.address))
  const { worker: reader } = await start(first.address)
  await Promise.all(others.map(({ worker }) => worker.call('settle', { known: NODES - 1 })))
  await reader.call('settle', { known: NODES })

  const provide = async (count: number) => {
    const pages = makePages(count, PAGE_BYTES)
    const shares = others.map(({ worker }, n) => ({ worker, pages: pages.filter((_, i) => i % others.length === n) }))
    await Promise.all(
      shares.map((share) =>
        share.worker.call(
          'provide',
          share.pages.map(({ bytes }) => bytes),
        ),
      ),
    )
    return pages.map(({ key }) => key)
  }
  const warm = 5
  const joined = await provide(warm + OTHERS_READS)
  await reader.call('read', joined.slice(0, warm))
  const readings = await reader.call('read', joined.slice(warm))
  const fresh = await provide(OTHERS_NEW_PEERS)
  return [
    { system: title, how: 'a node that has joined', readings },
    { system: title, how: 'from nothing', readings: await reader.call('readFromNothing', { bootstrap: first.address, keys: fresh }) },
  ]
}

async function measureRead(bench: Bench): Promise<void> {
  const mayfly = await measureMayfly(bench)
  const rows = [...mayfly, ...(isWanted('stock kad-dht') ? await measureStock() : [])]
  for (const [name, title] of [
    ['hyperdht', 'HyperDHT'],
    ['helia', 'Helia'],
  ] as const) {
    if (!isWanted(name)) continue
    try {
      rows.push(...(await measureOther(name, title)))
    } catch (error) {
      bench.note(`${title} is left out: ${error instanceof Error ? error.message : String(error)}`)
    }
  }

  /** Baseline of a row: mayfly's own time for the same thing. */
  const ours = ({ how }: Row) => {
    const isNew = how.startsWith('from nothing')
    return p50(mayfly.find((row) => row.how.startsWith(isNew ? 'from nothing' : 'a node'))?.readings ?? [])
  }
  bench.table(
    `A ${PAGE_BYTES}-byte page held elsewhere in a network of ${NODES} nodes, search to verified bytes`,
    ['system', 'reader', 'pages', 'p50, ms', 'p95, ms', 'p50 / mayfly'],
    rows.map((row) => {
      const { system, how, readings } = row
      return [system, how, String(readings.length), p50(readings).toFixed(1), p95(readings).toFixed(1), times(p50(readings) / ours(row))]
    }),
  )
  judge(bench, rows)
}

function judge(bench: Bench, rows: Row[]): void {
  const find = (system: string, how: string) => rows.find((row) => row.system === system && row.how === how)?.readings
  for (const [how, atMost] of Object.entries(BAR_OF_HYPERDHT)) {
    const others = find('HyperDHT', how.startsWith('from nothing') ? 'from nothing' : 'a node that has joined')
    const own = find('mayfly', how)
    if (others === undefined || own === undefined) continue
    bench.judge({ what: `${how}, p50, of HyperDHT's`, reading: p50(own) / p50(others), as: times, atMost })
  }
  for (const { system, how, readings } of rows) {
    if (system !== 'mayfly' || how.startsWith('from nothing')) continue
    bench.judge({ what: `${how}, p95`, reading: p95(readings), as: ms, under: BAR.joinedP95Ms })
  }
}

if (import.meta.main) await runBench('read', measureRead)
