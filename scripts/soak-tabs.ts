/**
 * A tab a second for ten minutes: each joins, holds a page, posts one message and leaves. The heap of the node, after a collection, has to
 * end where it began; what is remembered of each peer and message for a time, within limits, is told apart by half-way.
 *
 *   node scripts/soak-tabs.ts [minutes]
 */

import { createPeer } from '../node/index.ts'
import { type MayflyNode, startNode } from './bench/mayfly-network.ts'
import { HEAP_PROBE_ARGUMENTS, measureHeap } from './bench/node-heap.ts'
import { makePage } from './bench/pages.ts'
import { type Bench, runBench } from './bench/report.ts'

const MINUTES = Number(process.argv[2] ?? 10)
const WARM_UP_TABS = 60
/** By then libp2p's own time-outs are over. */
const SETTLE_MS = 20_000
const MIB = 1_048_576
/** A node remembers the addresses and key of a peer that has left, and the id of a message, in bytes; within its limits (node/README.md). */
const REMEMBERED_BYTES = 4_096
/** How far two collections of the same heap differ. */
const NOISE_BYTES = MIB

async function visit(node: MayflyNode): Promise<void> {
  const tab = await createPeer({ role: 'tab', join: [node.address] })
  await tab.start()
  await tab.joined({ signal: AbortSignal.timeout(30_000) })
  await tab.content.hold(makePage(1_024).bytes)
  await tab.messages.post('#nobody-here', { body: 'hello', ttlMs: 1_000 })
  await tab.stop()
}

async function soak(bench: Bench): Promise<void> {
  const node = bench.stack.use(await startNode({ nodeArguments: HEAP_PROBE_ARGUMENTS }))
  const rows: string[][] = []
  const weigh = async (when: string, tabs: number) => {
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS))
    await measureHeap(node) // some is freed by the second collection only
    const bytes = await measureHeap(node)
    rows.push([when, String(tabs), (bytes / MIB).toFixed(1)])
    bench.step(`${when}: ${(bytes / MIB).toFixed(1)} MiB after ${tabs} tabs`)
    return bytes
  }
  let tabs = 0
  const comeAndGo = async (count: number) => {
    const visits: Promise<void>[] = []
    for (let i = 0; i < count; i++, tabs++) {
      visits.push(visit(node))
      await new Promise((resolve) => setTimeout(resolve, 1_000))
    }
    await Promise.all(visits)
  }
  await comeAndGo(WARM_UP_TABS)
  const begun = await weigh('warm', tabs)
  const half = MINUTES * 30
  await comeAndGo(half)
  await weigh('half-way', tabs)
  await comeAndGo(half)
  const ended = await weigh('ended', tabs)
  bench.table('Heap and buffers of the node after a collection', ['when', 'tabs so far', 'MiB'], rows)
  const grown = ended - begun
  bench.judge({
    what: `growth of the heap, for each of ${2 * half} tabs that came and went`,
    value: `${(grown / (2 * half) / 1_024).toFixed(1)} KiB`,
    bar: `≤ ${REMEMBERED_BYTES / 1_024} KiB that is remembered`,
    met: grown <= 2 * half * REMEMBERED_BYTES + NOISE_BYTES,
  })
}

if (import.meta.main) await runBench('soak-tabs', soak)
