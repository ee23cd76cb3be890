/**
 * How soon a page is gone once its only holder is: the time until another node's gateway answers 404 for it, and until a watcher of its
 * count there gets 0. The holder is a tab that releases the page, that is closed, whose process is killed, and (once) whose process is stopped
 * without closing anything. That gateway has read the page before, so it has to forget it too. Beside it, in the same run: a stock
 * kad-dht provider that is killed, looked for again and again; its records are good for 48 hours.
 *
 *   npm run bench -- leave
 */

import { setTimeout as delay } from 'node:timers/promises'
import { HolderCount } from './bench/holder-count.ts'
import { type MayflyNode, startNetwork } from './bench/mayfly-network.ts'
import { makePage, type Page } from './bench/pages.ts'
import { type Bench, runBench } from './bench/report.ts'
import { digits, ms, p50, p95, seconds } from './bench/samples.ts'
import { startStockNetwork } from './bench/stock-network.ts'
import { mapParallel, waitUntil } from './bench/wait.ts'
import { startWorker, type Worker } from './bench/worker.ts'
import type { TabSwarmCalls } from './bench/workers/tab-swarm.ts'

const NODES = 4
const STOCK_NODES = 4
const SAMPLES = 20
const PAGE_BYTES = 1_024
const GONE_MS = 60_000
/** Between the last change of a page and its holder's leaving, at least and at most: a push that follows another at once waits for a moment. */
const REST_MS = [150, 350] as const
/** Processes that start side by side. */
const STARTING = 4

const BAR = { goneMs: 1_000, frozenMs: 15_000 }

interface Reading {
  notFoundMs: number
  countMs: number
}

type Tabs = Worker<TabSwarmCalls>

async function measureLeave(bench: Bench): Promise<void> {
  const stock = await killStockProvider(bench.stack)
  const [first, , , far] = (await startNetwork(NODES, bench.stack)) as [MayflyNode, MayflyNode, MayflyNode, MayflyNode]

  const cases: { how: string; readings: Reading[] }[] = []
  const together = await startTabs(first, 2 * SAMPLES, bench.stack)
  const released = await held(together, 0, SAMPLES)
  cases.push({
    how: 'the tab lets go',
    readings: await measureEach(released, far, ({ key, tab }) => together.call('release', { tab, key })),
  })
  const closed = await held(together, SAMPLES, SAMPLES)
  cases.push({ how: 'the tab is closed', readings: await measureEach(closed, far, ({ tab }) => together.call('stop', { tab })) })

  const alone = await mapParallel(Array.from({ length: SAMPLES + 1 }), STARTING, async () => {
    const tabs = await startTabs(first, 1, bench.stack)
    return { tabs, page: (await held(tabs, 0, 1))[0] as Held }
  })
  const killed = alone.slice(1).map(({ tabs, page }) => ({ ...page, tabs }))
  cases.push({ how: 'its process is killed', readings: await measureEach(killed, far, ({ tabs }) => tabs.kill('SIGKILL')) })
  const frozen = alone.slice(0, 1).map(({ tabs, page }) => ({ ...page, tabs }))
  cases.push({ how: 'its process is stopped (SIGSTOP)', readings: await measureEach(frozen, far, ({ tabs }) => tabs.kill('SIGSTOP')) })

  bench.table(
    `From leaving to gone at another of ${NODES} nodes`,
    ['how it leaves', 'times', '404: p50, ms', 'p95, ms', 'count 0: p50, ms', 'p95, ms'],
    cases.map(({ how, readings }) => {
      const notFound = readings.map(({ notFoundMs }) => notFoundMs)
      const count = readings.map(({ countMs }) => countMs)
      return [how, String(readings.length), ...[p50(notFound), p95(notFound), p50(count), p95(count)].map(digits)]
    }),
  )
  const still = await stock.look()
  bench.note(
    still.providers > 0
      ? `Stock kad-dht, in the same run: a provider that was killed is still found ${seconds(still.afterMs)} later (its record is kept for 48 hours).`
      : `Stock kad-dht, in the same run: a provider that was killed is no longer found ${seconds(still.afterMs)} later.`,
  )
  for (const { how, readings } of cases) {
    const bar = readings.length > 1 ? BAR.goneMs : BAR.frozenMs
    const worst = Math.max(p95(readings.map(({ notFoundMs }) => notFoundMs)), p95(readings.map(({ countMs }) => countMs)))
    bench.judge({ what: `gone when ${how}, p95`, reading: worst, as: ms, under: bar })
  }
}

interface Held extends Page {
  tab: number
}

/** Lets one after the other leave, and looks from the node until each is gone. */
async function measureEach<T extends Held>(pages: T[], node: MayflyNode, leave: (page: T) => Promise<unknown>): Promise<Reading[]> {
  const readings: Reading[] = []
  for (const page of pages) {
    const hash = Buffer.from(page.key).toString('hex')
    await using count = await HolderCount.watch(node.url, hash)
    const isThere = async () => (await fetch(`${node.url}/raw/${hash}`)).status === 200 && count.newest === 1
    await waitUntil(isThere, 20_000, 'the page can be read, and one holds it')
    await delay(REST_MS[0] + Math.random() * (REST_MS[1] - REST_MS[0]))
    const startedAtMs = performance.now()
    const left = leave(page)
    const [notFoundMs, countMs] = await Promise.all([untilNotFound(`${node.url}/raw/${hash}`, startedAtMs), count.when(0, GONE_MS)])
    await left
    readings.push({ notFoundMs, countMs: countMs - startedAtMs })
  }
  return readings
}

async function untilNotFound(url: string, startedAtMs: number): Promise<number> {
  await waitUntil(
    async () => {
      const response = await fetch(url)
      await response.arrayBuffer()
      return response.status === 404
    },
    GONE_MS,
    'it is gone',
  )
  return performance.now() - startedAtMs
}

async function startTabs(home: MayflyNode, count: number, stack: AsyncDisposableStack): Promise<Tabs> {
  const tabs = stack.use(await startWorker<TabSwarmCalls>(new URL('bench/workers/tab-swarm.ts', import.meta.url)))
  await tabs.call('join', { count, addresses: [home.address] })
  return tabs
}

async function held(tabs: Tabs, from: number, count: number): Promise<Held[]> {
  const pages = Array.from({ length: count }, (_, i) => ({ ...makePage(PAGE_BYTES), tab: from + i }))
  for (const { tab, bytes } of pages) await tabs.call('hold', { tab, bytes })
  return pages
}

/** A provider's record in a stock network, whose owner has been killed. */
async function killStockProvider(stack: AsyncDisposableStack) {
  const nodes = await startStockNetwork(STOCK_NODES, stack)
  const page = makePage(PAGE_BYTES)
  const asker = nodes[0]?.worker
  const provider = nodes[1]?.worker
  await provider?.call('provide', [page.bytes])
  await provider?.kill('SIGKILL')
  const killedAtMs = performance.now()
  return {
    async look() {
      return { providers: (await asker?.call('countProviders', page.key)) ?? 0, afterMs: performance.now() - killedAtMs }
    },
  }
}

if (import.meta.main) await runBench('leave', measureLeave)
