/**
 * Large content from one process to another over loopback, checked by the reader: mayfly between nodes, through a gateway and
 * between tabs, beside what any transfer costs and beside other peer-to-peer systems. The content is made where it is read and dropped
 * where it arrives, except by systems that must keep it, in memory. Each is connected and warm before the first transfer that counts.
 * Small transfers alternate, so that what else the machine does falls on all alike; large ones run one system after the other, each in
 * new processes, so that memory can be compared.
 *
 *   npm run bench -- bulk
 *   BENCH_MIB=8,64 BENCH_SYSTEMS=http,mayfly npm run bench -- bulk     other sizes; those whose names contain one of these words
 */

import { type Carrier, type System, type Transfer, transfer } from './bench/bulk-carrier.ts'
import { judgeFigures, printFigures, type Results } from './bench/bulk-figures.ts'
import { NODE_SYSTEMS } from './bench/bulk-nodes.ts'
import { TAB_SYSTEMS } from './bench/bulk-tabs.ts'
import { type Bench, runBench } from './bench/report.ts'
import { digits, p50 } from './bench/samples.ts'

const MIB = 1_048_576
const SIZES_MIB = [64, 1_024]
/** Up to this size all systems run at once and take turns. */
const SMALL_MIB = 64
const ROUNDS = 3
const WARM_UP_MIB = 8
/** A large transfer that would take longer than this, by the small one's figures, is left out. */
const LONG_MS = 45_000
/** A transfer that takes so many times LONG_MS is given up. */
const MAX_SLOWER = 4
/** How long a system may take to start, in ms: packages are installed at its first start. */
const START_MS = 180_000
/** Budget of the whole benchmark, in ms: a transfer that would end later is left out. */
const BUDGET_MS = 360_000

async function measureBulk(bench: Bench): Promise<void> {
  const sizes = process.env.BENCH_MIB?.split(',').map(Number) ?? SIZES_MIB
  if (!sizes.every((size) => Number.isSafeInteger(size) && size > 0))
    throw new Error('BENCH_MIB: whole numbers of MiB, with commas between them')
  const words = process.env.BENCH_SYSTEMS?.toLowerCase().split(',')
  const systems = [...NODE_SYSTEMS, ...TAB_SYSTEMS].filter(({ name }) => words?.some((word) => name.toLowerCase().includes(word)) ?? true)
  if (systems.length === 0) throw new Error('BENCH_SYSTEMS: no name contains one of these words')
  const results: Results = new Map()
  const keep = (system: System, size: number, transfers: Transfer[]) => {
    const bySize = results.get(system) ?? new Map<number, Transfer[]>()
    results.set(system, bySize.set(size, [...(bySize.get(size) ?? []), ...transfers]))
  }
  for (const size of sizes.filter((mib) => mib <= SMALL_MIB)) await takeTurns(bench, systems, size, keep)
  for (const size of sizes.filter((mib) => mib > SMALL_MIB)) {
    for (const system of systems) await runOnce(bench, system, size, results.get(system), keep)
  }
  printFigures(bench, results, sizes)
  judgeFigures(bench, results, sizes)
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
  const carrier = await inTime(system.start(stack), START_MS)
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
    keep(system, size, [await inTime(transfer(carrier, next(size)), LONG_MS * MAX_SLOWER)])
  } catch (error) {
    leaveOut(bench, system, size, error)
  }
}

/** Estimate from the time of smaller content; 0 when that is not known. */
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

if (import.meta.main) await runBench('bulk', measureBulk)
