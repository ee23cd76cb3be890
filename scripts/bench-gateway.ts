/**
 * Hot reads of a held 1 KiB page through the gateway, beside a bare Node.js http server that returns the same bytes, once with the
 * gateway's own headers and once with no more than it must: requests per second over 50 connections that stay open, and CPU per request.
 * Servers and load are processes of their own; the load is `bench/workers/http-load.ts`, raw sockets with one request at a time on each.
 * Rounds alternate, so that what else the machine does falls on all alike, and the middle round counts.
 *
 *   npm run bench -- gateway
 */

import { startNode } from './bench/mayfly-network.ts'
import { makePage } from './bench/pages.ts'
import { cpuMsOf } from './bench/process-stat.ts'
import { type Bench, runBench } from './bench/report.ts'
import { digits, p50, times } from './bench/samples.ts'
import { waitUntil } from './bench/wait.ts'
import { startWorker } from './bench/worker.ts'
import type { BareServerCalls } from './bench/workers/bare-server.ts'
import type { HttpLoadCalls } from './bench/workers/http-load.ts'
import type { TabSwarmCalls } from './bench/workers/tab-swarm.ts'

const PAGE_BYTES = 1_024
const CONNECTIONS = 50
/** Of a bare server's speed. */
const BAR = 0.8
const ROUNDS = 5
const ROUND_MS = 1_200
const WARM_UP_MS = 1_000
/** Headers that Node.js adds to each answer. */
const OWN_HEADERS = new Set(['connection', 'date', 'keep-alive', 'content-length'])

interface Target {
  name: string
  pid: number
  port: number
  path: string
  headers: number
  readings: { perSecond: number; cpuUs: number }[]
}

async function measureGateway(bench: Bench): Promise<void> {
  const { stack } = bench
  const node = stack.use(await startNode())
  const load = stack.use(await startWorker<HttpLoadCalls>(new URL('bench/workers/http-load.ts', import.meta.url)))
  const page = makePage(PAGE_BYTES)
  const hash = await node.hold(page.bytes)
  const tabPage = makePage(PAGE_BYTES)
  await holdInTab(node.address, tabPage.bytes, stack)
  const tabHash = Buffer.from(tabPage.key).toString('hex')
  await waitUntil(async () => (await fetch(`${node.url}/${tabHash}`)).ok, 10_000, "the tab's page can be read")

  const answer = await fetch(`${node.url}/${hash}`)
  const headers = [...answer.headers].filter(([name]) => !OWN_HEADERS.has(name))
  const bare = async (name: string, sent: [string, string][]): Promise<Target> => {
    const worker = stack.use(await startWorker<BareServerCalls>(new URL('bench/workers/bare-server.ts', import.meta.url)))
    const port = await worker.call('start', { body: page.bytes, headers: sent })
    return { name, pid: worker.pid, port, path: `/${hash}`, headers: sent.length, readings: [] }
  }
  const gateway = { pid: node.pid, port: node.port, headers: headers.length }
  const held: Target = { name: 'gateway, held by the node', ...gateway, path: `/${hash}`, readings: [] }
  const heldByTab: Target = { name: 'gateway, held by a tab', ...gateway, path: `/${tabHash}`, readings: [] }
  const same = await bare('bare http, the same headers', headers)
  const least = await bare('bare http, the bytes alone', [])

  const targets = [held, heldByTab, same, least]
  for (let round = -1; round < ROUNDS; round++) {
    for (const target of targets) {
      const { port, path, pid, readings } = target
      const cpuMs = cpuMsOf(pid)
      const durationMs = round < 0 ? WARM_UP_MS : ROUND_MS
      const { requests, ms } = await load.call('run', { port, path, connections: CONNECTIONS, durationMs, bodyBytes: PAGE_BYTES })
      if (round >= 0) readings.push({ perSecond: (requests / ms) * 1_000, cpuUs: ((cpuMsOf(pid) - cpuMs) / requests) * 1_000 })
    }
  }

  const perSecond = (target: Target) => p50(target.readings.map((reading) => reading.perSecond))
  const cpuUs = (target: Target) => p50(target.readings.map((reading) => reading.cpuUs))
  bench.table(
    `A held ${PAGE_BYTES}-byte page, ${CONNECTIONS} connections that stay open, the middle of ${ROUNDS} rounds`,
    ['server', 'headers', 'requests/s', 'of the first bare', 'of the second', 'CPU/request, µs', 'of the first bare'],
    targets.map((target) => [
      target.name,
      String(target.headers),
      digits(perSecond(target)),
      times(perSecond(target) / perSecond(same)),
      times(perSecond(target) / perSecond(least)),
      digits(cpuUs(target)),
      times(cpuUs(target) / cpuUs(same)),
    ]),
  )
  bench.judge({
    what: 'hot reads, of bare http with the same headers',
    reading: perSecond(held) / perSecond(same),
    as: times,
    atLeast: BAR,
  })
}

async function holdInTab(address: string, bytes: Uint8Array, stack: AsyncDisposableStack): Promise<void> {
  const tab = stack.use(await startWorker<TabSwarmCalls>(new URL('bench/workers/tab-swarm.ts', import.meta.url)))
  await tab.call('join', { count: 1, addresses: [address] })
  await tab.call('hold', { tab: 0, bytes })
}

if (import.meta.main) await runBench('gateway', measureGateway)
