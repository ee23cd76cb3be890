/**
 * Large content from one process to another over loopback, checked by whoever reads it: mayfly between nodes, through a gateway and
 * between tabs, beside what any transfer costs and beside other peer-to-peer systems. The content is made where it is read and dropped
 * where it arrives, except by systems that must keep it, in memory. Each is connected and warm before the first transfer that counts.
 * Small transfers alternate, so that what else the machine does falls on all alike; large ones run one system after the other, each in
 * new processes, so that memory can be compared.
 *
 *   npm run bench -- bulk
 *   BENCH_MIB=8,64 BENCH_SYSTEMS=http,mayfly npm run bench -- bulk     other sizes; those whose names contain one of these words
 */

import { type Carrier, type System, type Transfer, transfer } from './bench/bulk-carrier.ts'
import { NODE_SYSTEMS } from './bench/bulk-nodes.ts'
import { TAB_SYSTEMS } from './bench/bulk-tabs.ts'
import { type Bench, runBench } from './bench/report.ts'
import { digits, ms, p50, percent, times } from './bench/samples.ts'

const MIB = 1_048_576
const SIZES_MIB = [64, 1_024]
/** Up to this size all systems run at once and take turns. */
const SMALL_MIB = 64
const ROUNDS = 3
const WARM_UP_MIB = 8
/** A large transfer that would take longer than this, by the small one's figures, is left out. */
const LONG_MS = 45_000
/** One that was expected to be shorter and takes so many times as long is given up. */
const PATIENCE = 4
/** What could not begin in time to be done by then is left out, in ms since the start. */
const BUDGET_MS = 360_000

/** Below this ratio of sizes, growing memory says nothing. */
const MUCH_LARGER = 8

const BAR = { ofFastestPeer: 1.5, ofHttp: 0.7, ofDataChannel: 0.7, firstMs: 100, grownShare: 0.1 }

const REMARKS = [
  'The first byte is the first that was checked; of curl, the first of the answer. Commands are measured from their start to their end,',
  "the loading of their code included. What a tab's home uses is not in the figures of the two tabs. Of a browser, memory is the sum of its",
  'processes, which share some of it. WebTorrent meets its peer anew for each torrent, and in pages by a tracker. Tab to tab is called',
  'direct when their home read and wrote less than 1 % of the content.',
].join('\n')

/** By system, then by size in MiB. */
type Results = Map<System, Map<number, Transfer[]>>

async function measureBulk(bench: Bench): Promise<void> {
  const sizes = process.env.BENCH_MIB?.split(',').map(Number) ?? SIZES_MIB
  const words = process.env.BENCH_SYSTEMS?.toLowerCase().split(',')
  const systems = [...NODE_SYSTEMS, ...TAB_SYSTEMS].filter(({ name }) => words?.some((word) => name.toLowerCase().includes(word)) ?? true)
  const results: Results = new Map()
  const keep = (system: System, size: number, transfers: Transfer[]) => {
    const bySize = results.get(system) ?? new Map<number, Transfer[]>()
    results.set(system, bySize.set(size, [...(bySize.get(size) ?? []), ...transfers]))
  }
  for (const size of sizes.filter((mib) => mib <= SMALL_MIB)) await takeTurns(bench, systems, size, keep)
  for (const size of sizes.filter((mib) => mib > SMALL_MIB)) {
    for (const system of systems) await runOnce(bench, system, size, results.get(system), keep)
  }
  bench.note(REMARKS)
  const checks = Map.groupBy(results.keys(), ({ check }) => check)
  bench.note(['Checked:', ...Array.from(checks, ([check, by]) => `  ${check}: ${by.map(({ name }) => name).join('; ')}`)].join('\n'))
  for (const size of sizes) {
    for (const runs of ['node', 'chromium'] as const) printTable(bench, results, runs, size)
  }
  judge(bench, results, sizes)
}

type Keep = (system: System, size: number, transfers: Transfer[]) => void

async function takeTurns(bench: Bench, systems: readonly System[], size: number, keep: Keep): Promise<void> {
  await using stack = new AsyncDisposableStack()
  const running = new Map<System, { carrier: Carrier; own: AsyncDisposableStack }>()
  for (const system of systems) {
    const own = stack.use(new AsyncDisposableStack())
    try {
      running.set(system, { carrier: await startWarm(system, own), own })
    } catch (error) {
      leaveOut(bench, system, size, error)
      await own.disposeAsync()
    }
  }
  for (let round = 0; round < ROUNDS; round++) {
    for (const [system, { carrier, own }] of running) {
      if (performance.now() > BUDGET_MS) return leaveOut(bench, system, size, `no time is left for round ${round + 1}`)
      bench.step(`${size} MiB, ${round + 1} of ${ROUNDS}: ${system.name}`)
      try {
        keep(system, size, [await inTime(transfer(carrier, next(size)), LONG_MS)])
      } catch (error) {
        leaveOut(bench, system, size, error)
        running.delete(system)
        await own.disposeAsync()
      }
    }
  }
}

async function startWarm(system: System, stack: AsyncDisposableStack): Promise<Carrier> {
  const carrier = await inTime(system.start(stack), LONG_MS)
  await inTime(transfer(carrier, next(WARM_UP_MIB)), LONG_MS)
  return carrier
}

async function runOnce(bench: Bench, system: System, size: number, known: Map<number, Transfer[]> | undefined, keep: Keep): Promise<void> {
  const expectedMs = expectMs(known, size)
  if (expectedMs > LONG_MS) return leaveOut(bench, system, size, `it would take about ${digits(expectedMs / 1_000)} s`)
  if (performance.now() + expectedMs > BUDGET_MS) return leaveOut(bench, system, size, 'no time is left for it')
  await using stack = new AsyncDisposableStack()
  try {
    const carrier = await startWarm(system, stack)
    bench.step(`${size} MiB: ${system.name}`)
    keep(system, size, [await inTime(transfer(carrier, next(size)), LONG_MS * PATIENCE)])
  } catch (error) {
    leaveOut(bench, system, size, error)
  }
}

/** By what smaller content took; 0 when that is not known. */
function expectMs(known: Map<number, Transfer[]> | undefined, size: number): number {
  const speeds = [...(known?.values() ?? [])].flat().map(({ mibPerSecond }) => mibPerSecond)
  return speeds.length === 0 ? 0 : (size / p50(speeds)) * 1_000
}

function leaveOut(bench: Bench, { name }: System, size: number, why: unknown): void {
  bench.note(`${name} is left out of ${size} MiB: ${why instanceof Error ? why.message : String(why)}`)
}

let seed = 0
const next = (mib: number) => ({ size: mib * MIB, seed: ++seed })

async function inTime<T>(promise: Promise<T>, timeoutMs: number): Promise<T> {
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(() => late.reject(new Error(`not done within ${timeoutMs / 1_000} s`)), timeoutMs)
  try {
    return await Promise.race([promise, late.promise])
  } finally {
    clearTimeout(timer)
  }
}

const speedOf = (transfers: readonly Transfer[] | undefined) => p50((transfers ?? []).map(({ mibPerSecond }) => mibPerSecond))
const peakOf = (transfers: readonly Transfer[], of: 'giverRss' | 'readerRss') => Math.max(...transfers.map((each) => each[of]))
const isMeasured = (value: number) => Number.isFinite(value)

function speedsOf(results: Results, size: number, isWanted: (system: System) => boolean): number[] {
  return [...results]
    .filter(([system]) => isWanted(system))
    .map(([, bySize]) => speedOf(bySize.get(size)))
    .filter(isMeasured)
}

const fastestPeer = (results: Results, runs: System['runs'], size: number) =>
  Math.max(...speedsOf(results, size, (system) => system.runs === runs && system.kind === 'peer'))
/** In Node.js: HTTP with SHA-256; in Chromium: the fastest of the bare data channels. */
const base = (results: Results, runs: System['runs'], size: number) =>
  Math.max(...speedsOf(results, size, (system) => system.runs === runs && system.kind === 'base'))

function printTable(bench: Bench, results: Results, runs: System['runs'], size: number): void {
  const rows = [...results].flatMap(([system, bySize]) => {
    const transfers = bySize.get(size)
    if (system.runs !== runs || transfers === undefined) return []
    const speeds = transfers.map(({ mibPerSecond }) => mibPerSecond)
    const middle = (of: (each: Transfer) => number) => digits(p50(transfers.map(of)))
    const mib = (of: 'giverRss' | 'readerRss') => (peakOf(transfers, of) / MIB).toFixed(0)
    return [
      [
        [system.name, ...new Set(transfers.flatMap(({ way }) => way ?? []))].join(', '),
        digits(p50(speeds)),
        speeds.length > 1 ? `${digits(Math.min(...speeds))}–${digits(Math.max(...speeds))}` : '–',
        middle(({ firstMs = Number.NaN }) => firstMs),
        middle(({ giverCpu }) => giverCpu),
        middle(({ readerCpu }) => readerCpu),
        mib('giverRss'),
        mib('readerRss'),
        ratio(p50(speeds) / base(results, runs, size)),
        ratio(p50(speeds) / fastestPeer(results, runs, size)),
      ],
    ]
  })
  if (rows.length === 0) return
  bench.table(
    `${size} MiB ${runs === 'node' ? 'in Node.js' : 'between two pages of Chromium, each with a browser of its own'}`,
    [
      'system',
      'MiB/s',
      'range',
      'first byte, ms',
      'CPU s/GiB: giver',
      'reader',
      'peak RSS, MiB: giver',
      'reader',
      runs === 'node' ? 'of HTTP' : 'of a data channel',
      'of the fastest peer',
    ],
    rows,
  )
}

/** A ratio to nothing is nothing. */
const ratio = (value: number) => (isMeasured(value) && value > 0 ? times(value) : '–')

function judge(bench: Bench, results: Results, sizes: readonly number[]): void {
  const find = (part: string) => [...results].find(([{ kind, name }]) => kind === 'own' && name.includes(part))?.[1]
  const nodes = find('node → node')
  const tabs = find('tab → tab')
  for (const size of sizes) {
    const compare = (what: string, value: number, bar: number) => {
      if (!isMeasured(value) || value === 0) return
      bench.judge({ what: `${what}, ${size} MiB`, value: times(value), bar: `≥ ${bar} ×`, met: value >= bar })
    }
    compare('node → node, of the fastest peer', speedOf(nodes?.get(size)) / fastestPeer(results, 'node', size), BAR.ofFastestPeer)
    compare('node → node, of HTTP with SHA-256', speedOf(nodes?.get(size)) / base(results, 'node', size), BAR.ofHttp)
    compare('tab → tab, of a data channel', speedOf(tabs?.get(size)) / base(results, 'chromium', size), BAR.ofDataChannel)
  }
  const [small = 0, large = 0] = [Math.min(...sizes), Math.max(...sizes)]
  const first = nodes?.get(large)?.map(({ firstMs }) => firstMs ?? Number.NaN)
  if (first !== undefined) {
    const value = p50(first)
    bench.judge({ what: `first byte, node → node, ${large} MiB`, value: ms(value), bar: `< ${BAR.firstMs} ms`, met: value < BAR.firstMs })
  }
  if (large < small * MUCH_LARGER) return
  for (const [system, bySize] of results) {
    const [before, after] = [bySize.get(small), bySize.get(large)]
    if (system.kind !== 'own' || before === undefined || after === undefined) continue
    for (const [end, of] of [
      ['giver', 'giverRss'],
      ['reader', 'readerRss'],
    ] as const) {
      const value = (peakOf(after, of) - peakOf(before, of)) / ((large - small) * MIB)
      const what = `${system.name}: memory of the ${end} grows with the content by`
      bench.judge({ what, value: percent(Math.max(0, value)), bar: `< ${percent(BAR.grownShare)}`, met: value < BAR.grownShare })
    }
  }
}

if (import.meta.main) await runBench('bulk', measureBulk)
