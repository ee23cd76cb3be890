/**
 * Streams between tabs through their home: what a quiet one costs the home in memory, beside a tab's own connection, and how long opening one
 * takes, beside opening a plain stream to the home.
 *
 *   npm run bench -- relayed
 */

import { type MayflyNode, startNode } from './bench/mayfly-network.ts'
import { HEAP_PROBE_ARGUMENTS, measureHeap } from './bench/node-heap.ts'
import { type Bench, runBench } from './bench/report.ts'
import { digits, p50, p95 } from './bench/samples.ts'
import { waitUntil } from './bench/wait.ts'
import { startWorker } from './bench/worker.ts'
import type { RelayTabsCalls } from './bench/workers/relay-tabs.ts'

const TABS = 40
const EACH = 100
const KIB = 1_024
/** By then time-outs of what was just opened are over. */
const SETTLE_MS = 12_000

/** Bytes that the node has in use. */
async function weigh(node: MayflyNode): Promise<number> {
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS))
  await measureHeap(node) // some is freed by the second collection only
  return measureHeap(node)
}

async function measureRelayed(bench: Bench): Promise<void> {
  const node = bench.stack.use(await startNode({ nodeArguments: HEAP_PROBE_ARGUMENTS }))
  const tabs = bench.stack.use(await startWorker<RelayTabsCalls>(new URL('bench/workers/relay-tabs.ts', import.meta.url)))
  await tabs.call('start', { count: 4, address: node.address })
  await tabs.call('open', { each: 5 }) // its code is compiled
  const atFirst = await weigh(node)
  await tabs.call('start', { count: TABS - 4, address: node.address })
  const withTabs = await weigh(node)
  bench.step(`${TABS} tabs`)
  const plain = await tabs.call('ping', { each: 10 })
  const opened = await tabs.call('open', { each: EACH })
  await waitUntil(async () => (await node.status()).counts.relayed >= TABS * EACH, 10_000, 'the streams')
  const withStreams = await weigh(node)
  const perTab = (withTabs - atFirst) / (TABS - 4) / KIB
  const perStream = (withStreams - withTabs) / (TABS * EACH) / KIB
  bench.table(
    `${TABS * EACH} quiet streams between ${TABS} tabs of one home`,
    ['what', 'memory of the home, KiB', 'opening, p50, ms', 'p95, ms'],
    [
      ['a stream between two tabs', digits(perStream), digits(p50(opened)), digits(p95(opened))],
      ['a tab’s connection', digits(perTab), '', ''],
      ['a plain stream to the home', '', digits(p50(plain)), digits(p95(plain))],
    ],
  )
  bench.judge({ what: 'a quiet relayed stream costs its home, in KiB', value: digits(perStream) })
  bench.judge({ what: 'opening a relayed stream, against a plain one to the home, p50', value: digits(p50(opened) / p50(plain)) })
}

await runBench('relayed', measureRelayed)
