/**
 * The cost of presence: a thousand tabs that hold twenty keys each, in a network of eight nodes. Measured are CPU and bytes of the eight
 * node processes together, for the burst of the first holds, for the time in which nothing changes, for renewing, and for a key that all
 * watch. The tabs are real peers in other processes. A lease is renewed every few minutes, longer than this runs: some more tabs, with
 * leases of seconds, tell what one renewal costs. Beside it, in the same run: what one stock kad-dht `provide` costs a network of eight,
 * times the number of them that would notice a holder's leaving as soon.
 *
 *   npm run bench -- presence
 */

import { setTimeout as delay } from 'node:timers/promises'
import { type MayflyNode, startNetwork } from './bench/mayfly-network.ts'
import { makePage, makePages } from './bench/pages.ts'
import { type Usage, usageOf, usedBetween } from './bench/process-stat.ts'
import { type Bench, runBench } from './bench/report.ts'
import { bytes, digits, ms, seconds, sum, times } from './bench/samples.ts'
import { startStockNetwork } from './bench/stock-network.ts'
import { waitUntil } from './bench/wait.ts'
import { startWorker, type Worker } from './bench/worker.ts'
import type { TabSwarmCalls } from './bench/workers/tab-swarm.ts'

const NODES = 8
const TABS = 1_000
const KEYS_EACH = 20
const SWARMS = 4
/** The time between two heartbeats of a tab, so that each tab sends one. */
const STEADY_MS = 15_000
const RENEWING_TABS = 100
const RENEWING_LIFETIME_MS = 20_000
/** The lifetime that tabs ask for unless told otherwise. */
const LIFETIME_MS = 600_000
/** A holder renews after this share of a lease's lifetime, on average. */
const RENEWED_AT = 0.45
/** How often a stock provider would have to say again that it is there, for its leaving to be noticed in about that time. */
const STOCK_EVERY_MS = 15_000
const STOCK_PROVIDES = 20
const PAGE_BYTES = 1_024
const SETTLE_MS = 3_000
const STILL_LOOK_MS = 100
const STILL_LOOKS = 3
const STILL_MS = 60_000

interface Cost {
  what: string
  cpuMs: number
  ioBytes: number
  ms: number
}

async function measurePresence(bench: Bench): Promise<void> {
  const stock = await measureStockProvide()
  const { stack } = bench
  const nodes = await startNetwork(NODES, stack)
  const pids = nodes.map(({ pid }) => pid)
  const addresses = nodes.map(({ address }) => address)
  const costs: Cost[] = []
  const measure = async <T>(what: string, run: () => Promise<T>): Promise<T> => {
    const before: Usage = usageOf(pids)
    const result = await run()
    const used = usedBetween(before, usageOf(pids))
    costs.push({ what, ...used })
    bench.step(`${what}: ${seconds(used.ms)}, CPU of the nodes ${seconds(used.cpuMs)}`)
    return result
  }
  const costOf = (what: string) => costs.find((cost) => cost.what === what) as Cost

  await measure('nodes alone', () => delay(SETTLE_MS))
  const swarms = await Promise.all(Array.from({ length: SWARMS }, () => startSwarm(stack)))
  await measure('join', () => Promise.all(swarms.map((swarm) => swarm.call('join', { count: TABS / SWARMS, addresses }))))
  await delay(SETTLE_MS)
  await measure('hold', async () => {
    await Promise.all(swarms.map((swarm) => swarm.call('holdKeys', { keysEach: KEYS_EACH })))
    await untilStill(() => total(nodes, 'records'))
  })
  await delay(SETTLE_MS)
  await measure('steady', () => delay(STEADY_MS))
  const records = await total(nodes, 'records')

  const renewing = await startSwarm(stack)
  await renewing.call('join', { count: RENEWING_TABS, addresses, lifetimeMs: RENEWING_LIFETIME_MS })
  await renewing.call('holdKeys', { keysEach: KEYS_EACH })
  await delay(SETTLE_MS)
  await measure('renewing', () => delay(STEADY_MS))
  await renewing.kill('SIGKILL')

  const watched = makePage(PAGE_BYTES)
  const holder = await startSwarm(stack)
  await holder.call('join', { count: 1, addresses: addresses.slice(0, 1) })
  await measure('watch', () => Promise.all(swarms.map((swarm) => swarm.call('watch', { key: watched.key }))))
  const heldAtMs = Date.now()
  const seenAtMs = await measure('one change', async () => {
    const seen = Promise.all(swarms.map((swarm) => swarm.call('whenAllSee', { count: 1, timeoutMs: 20_000 })))
    await holder.call('hold', { tab: 0, bytes: watched.bytes })
    return Math.max(...(await seen))
  })
  const changeMs = seenAtMs - heldAtMs

  const keys = TABS * KEYS_EACH
  const steady = costOf('steady')
  const alone = costOf('nodes alone')
  const burst = costOf('hold')
  const perSecond = ({ cpuMs, ms: took }: Cost) => cpuMs / took
  const bytesPerSecond = ({ ioBytes, ms: took }: Cost) => (ioBytes / took) * 1_000
  const renewals = RENEWING_TABS * KEYS_EACH * (STEADY_MS / (RENEWING_LIFETIME_MS * RENEWED_AT))
  const renewCpuMs = Math.max(0, (perSecond(costOf('renewing')) - perSecond(steady)) * STEADY_MS) / renewals
  const renewBytes = Math.max(0, (bytesPerSecond(costOf('renewing')) - bytesPerSecond(steady)) * (STEADY_MS / 1_000)) / renewals
  const renewalsPerSecond = keys / ((LIFETIME_MS * RENEWED_AT) / 1_000)
  const stockPerSecond = (keys / STOCK_EVERY_MS) * 1_000
  const cores = perSecond(steady) + (renewCpuMs * renewalsPerSecond) / 1_000
  const allBytes = bytesPerSecond(steady) + renewBytes * renewalsPerSecond
  const stockCores = (stock.cpuMs * stockPerSecond) / 1_000

  bench.table(
    `${TABS.toLocaleString('en-US')} tabs × ${KEYS_EACH} keys on ${NODES} nodes: all that goes on`,
    ['what', 'cores', 'bytes/s', 'how'],
    [
      ['the nodes without a tab', digits(perSecond(alone)), bytes(bytesPerSecond(alone)), 'measured'],
      ['with all tabs, nothing changing', digits(perSecond(steady)), bytes(bytesPerSecond(steady)), 'measured'],
      [
        `renewing, ${digits(renewalsPerSecond)} a second`,
        digits((renewCpuMs * renewalsPerSecond) / 1_000),
        bytes(renewBytes * renewalsPerSecond),
        `${digits(renewals / (STEADY_MS / 1_000))} a second measured, scaled`,
      ],
      ['mayfly in all', digits(cores), bytes(allBytes), 'the two above'],
      [
        `stock kad-dht, ${digits(stockPerSecond)} provides a second`,
        digits(stockCores),
        bytes(stock.ioBytes * stockPerSecond),
        `one provide measured, × ${keys.toLocaleString('en-US')} every ${STOCK_EVERY_MS / 1_000} s`,
      ],
      ['stock / mayfly', times(stockCores / cores), times((stock.ioBytes * stockPerSecond) / allBytes), ''],
    ],
  )
  const join = costOf('join')
  const watch = costOf('watch')
  const change = costOf('one change')
  bench.table(
    'One at a time, CPU and bytes of all nodes together',
    ['what', 'times', 'took', 'CPU each, ms', 'bytes each'],
    [
      ['a tab joins', String(TABS), seconds(join.ms), digits(join.cpuMs / TABS), bytes(join.ioBytes / TABS)],
      ['a tab holds a key', String(keys), seconds(burst.ms), digits(burst.cpuMs / keys), bytes(burst.ioBytes / keys)],
      ['a tab renews a lease', digits(renewals), seconds(STEADY_MS), digits(renewCpuMs), bytes(renewBytes)],
      ['a tab begins to watch', String(TABS), seconds(watch.ms), digits(watch.cpuMs / TABS), bytes(watch.ioBytes / TABS)],
      [`a change is told to ${TABS}`, '1', ms(changeMs), digits(change.cpuMs), bytes(change.ioBytes)],
      ['a stock kad-dht provide', String(STOCK_PROVIDES), seconds(stock.ms), digits(stock.cpuMs), bytes(stock.ioBytes)],
    ],
  )
  bench.note(
    `${records.toLocaleString('en-US')} records on the ${NODES} nodes: each key's home and its record nodes. ` +
      `CPU of the tabs themselves is not in the figures; bytes are counted where they are read and where they are written.`,
  )
  bench.judge({ what: `presence of ${keys.toLocaleString('en-US')} keys, in cores`, value: digits(cores) })
  bench.judge({ what: `a change told to ${TABS} watchers`, reading: changeMs, as: ms, under: 1_000 })
}

/** Cost of one `provide` in all processes of a stock network: CPU in ms, bytes, and duration. */
async function measureStockProvide(): Promise<{ cpuMs: number; ioBytes: number; ms: number }> {
  await using stack = new AsyncDisposableStack()
  const nodes = await startStockNetwork(NODES, stack)
  const pids = nodes.map(({ worker }) => worker.pid)
  const provider = nodes[1]?.worker
  const pages = (count: number) => makePages(count, PAGE_BYTES).map((page) => page.bytes)
  await provider?.call('provide', pages(STOCK_PROVIDES / 4)) // code that has run a few times is faster
  await delay(SETTLE_MS / 2)
  const before = usageOf(pids)
  await provider?.call('provide', pages(STOCK_PROVIDES))
  const used = usedBetween(before, usageOf(pids))
  return { cpuMs: used.cpuMs / STOCK_PROVIDES, ioBytes: used.ioBytes / STOCK_PROVIDES, ms: used.ms }
}

async function startSwarm(stack: AsyncDisposableStack): Promise<Worker<TabSwarmCalls>> {
  return stack.use(await startWorker<TabSwarmCalls>(new URL('bench/workers/tab-swarm.ts', import.meta.url)))
}

async function total(nodes: MayflyNode[], count: 'records' | 'leases'): Promise<number> {
  return sum((await Promise.all(nodes.map((node) => node.status()))).map(({ counts }) => counts[count]))
}

/** Resolves once the number has not changed for a while. */
async function untilStill(read: () => Promise<number>): Promise<void> {
  let last = -1
  let same = 0
  await waitUntil(
    async () => {
      await delay(STILL_LOOK_MS)
      const now = await read()
      same = now === last ? same + 1 : 0
      last = now
      return same >= STILL_LOOKS
    },
    STILL_MS,
    'the number stands still',
  )
}

if (import.meta.main) await runBench('presence', measurePresence)
