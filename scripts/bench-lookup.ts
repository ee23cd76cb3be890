/**
 * Looking a key up in networks of 8, 24 and 64 nodes: the time until the first holder is met, or until the search says "nobody", and how
 * many websocket messages it takes, sent by anybody. Each network is in a process of its own, on real sockets. Beside it, in the same run:
 * stock kad-dht in networks of 8 and 24.
 *
 *   npm run bench -- lookup
 */

import { makePages } from './bench/pages.ts'
import { type Bench, runBench } from './bench/report.ts'
import { bytes, digits, ms, p50, p95, seconds, times } from './bench/samples.ts'
import { startWorker } from './bench/worker.ts'
import type { Lookup, LookupCalls } from './bench/workers/lookup.ts'

const NETWORKS = [
  { kind: 'mayfly', size: 8, lookups: 60 },
  { kind: 'mayfly', size: 24, lookups: 60 },
  { kind: 'mayfly', size: 64, lookups: 60 },
  { kind: 'stock', size: 8, lookups: 25 },
  { kind: 'stock', size: 24, lookups: 25 },
] as const
const NAMES = { mayfly: 'mayfly', stock: 'stock kad-dht' }
const WARM_UP = 5
/** Of the time of a lookup that finds somebody, p95, in a network of this size. */
const BAR_OF_HELD = 10
const JUDGED_SIZE = 24

async function measureLookup(bench: Bench): Promise<void> {
  const rows: string[][] = []
  for (const { kind, size, lookups } of NETWORKS) {
    await using worker = await startWorker<LookupCalls>(new URL('bench/workers/lookup.ts', import.meta.url))
    const startMs = await worker.call('start', { kind, size })
    bench.note(`${NAMES[kind]}: ${size} nodes have come together in ${seconds(startMs)}`)
    let heldMs = 0
    for (const isHeld of [true, false]) {
      const keys = makePages(WARM_UP + lookups, 32).map(({ key }) => key)
      const readings = (await worker.call('lookUp', { keys, isHeld })).slice(WARM_UP)
      const middle = (of: (lookup: Lookup) => number) => p50(readings.map(of))
      const timings = readings.map((lookup) => lookup.ms)
      rows.push([
        NAMES[kind],
        String(size),
        isHeld ? 'held' : 'nobody has it',
        String(lookups),
        digits(p50(timings)),
        digits(p95(timings)),
        digits(middle(({ messages }) => messages)),
        bytes(middle((lookup) => lookup.bytes)),
      ])
      if (kind !== 'mayfly') continue
      bench.judge({ what: `${size} nodes, ${isHeld ? 'held' : 'nobody has it'}, p50`, value: ms(p50(timings)) })
      if (isHeld) heldMs = p95(timings)
      else if (size === JUDGED_SIZE)
        bench.judge({ what: `${size} nodes, nobody has it, p95, of held`, reading: p95(timings) / heldMs, as: times, atMost: BAR_OF_HELD })
    }
  }
  bench.table('One lookup', ['system', 'nodes', 'key', 'times', 'p50, ms', 'p95, ms', 'messages', 'bytes'], rows)
}

if (import.meta.main) await runBench('lookup', measureLookup)
