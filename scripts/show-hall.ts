/**
 * Shows a room of fifty real tabs, of which none has more than ten direct connections: each asks all the others at once, and has every answer.
 * Prints how long the answers took, and the most direct connections that a tab had, as its browser counts them. Ends with 1 where an answer is
 * missing, a tab has more connections than ten, or the p95 of calls over open sessions is over a second. All tabs share the processors of this
 * machine: a first call, which opens a session with each of the others, takes longer.
 *
 *   npm run show-hall                  50 tabs: some minutes, and about 6 GiB of memory
 *   npm run show-hall -- 20            so many tabs
 */

import { openTabs } from './bench/bulk-pages.ts'
import { startNode } from './bench/mayfly-network.ts'
import type { HallPageCalls } from './bench/pages/hall-page.ts'
import { ms, p50, p95, seconds } from './bench/samples.ts'
import { mapParallel, waitUntil } from './bench/wait.ts'

const MAX_DIRECT = 10
const MEET_MS = 900_000
const BAR_MS = 1_000
/** Tabs that enter at once. */
const ENTERING = 4
const NODES = 3

/** For each page, before its own script: counts its connections that have connected and have not been closed. */
function countConnections(): void {
  const connected = new Set<RTCPeerConnection>()
  let most = 0
  globalThis.directConnections = () => ({ now: connected.size, most })
  const Original = RTCPeerConnection
  globalThis.RTCPeerConnection = class extends Original {
    constructor(configuration?: RTCConfiguration) {
      super(configuration)
      this.addEventListener('connectionstatechange', () => {
        if (this.connectionState === 'connected') connected.add(this)
        else connected.delete(this)
        most = Math.max(most, connected.size)
      })
    }

    override close(): void {
      connected.delete(this)
      super.close()
    }
  }
}

async function show(count: number): Promise<boolean> {
  await using stack = new AsyncDisposableStack()
  const startArguments = ['--allow-origin', '*']
  const first = stack.use(await startNode({ startArguments }))
  const gateways = [first.url]
  for (let i = 1; i < NODES; i++) gateways.push(stack.use(await startNode({ join: [first.url], startArguments })).url)
  const startedAtMs = performance.now()
  const tabs = await openTabs<HallPageCalls>('hall-page', count, stack, countConnections)
  await mapParallel(tabs, ENTERING, (tab, i) => tab.call('enter', { gateway: gateways[i % NODES] as string }))
  console.log(`${count} tabs of ${NODES} nodes have entered the room after ${seconds(performance.now() - startedAtMs)}`)
  const seen = async () => Promise.all(tabs.map((tab) => tab.call('present')))
  await waitUntil(async () => (await seen()).every((each) => each === count - 1), MEET_MS, `each tab sees the ${count - 1} others`)
  console.log(`each sees the ${count - 1} others after ${seconds(performance.now() - startedAtMs)}`)

  let isWell = true
  for (const round of ['the first call, which opens the sessions', 'the next']) {
    const readings = []
    for (const tab of tabs) readings.push(await tab.call('ask'))
    const took = readings.flatMap(({ tookMs }) => tookMs)
    const missing = count * (count - 1) - took.length
    const [slowest] = readings.map(({ tookMs }) => p95(tookMs)).toSorted((a, b) => b - a)
    console.log(
      `${round}: ${took.length} answers, ${missing} missing; p50 ${ms(p50(took))}, p95 ${ms(p95(took))}, the slowest tab's p95 ${ms(slowest ?? Number.NaN)}`,
    )
    for (const text of new Set(readings.flatMap(({ errors }) => errors))) console.log(`  ${text}`)
    if (missing > 0 || (round === 'the next' && p95(took) > BAR_MS)) isWell = false
  }
  const direct = await Promise.all(tabs.map((tab) => tab.call('direct')))
  const most = Math.max(...direct.map((each) => each.most))
  const now = direct.map((each) => each.now).toSorted((a, b) => a - b)
  console.log(`direct connections of a tab: ${now[0]} to ${now.at(-1)} now, ${most} at most; the cap is ${MAX_DIRECT}`)
  return isWell && most <= MAX_DIRECT
}

process.exitCode = (await show(Number(process.argv[2] ?? 50))) ? 0 : 1
