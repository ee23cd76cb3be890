/**
 * Calls between two tabs, directly and through their home, against what is sent back over a bare data channel, over PeerJS and over a websocket;
 * calls between two nodes against Cap'n Web; the layers under a direct call; and the cost of a call by itself, in one process, against frames that
 * are echoed over the same session.
 *
 *   npm run bench -- calls
 */

import { type Carrier, createBareEcho, createCallEcho } from './bench/call-pairs.ts'
import { type EchoEnd, LAYERS, startCapnweb, startChannel, startNodes, startPeerjs, startTabs, startWebsocket } from './bench/call-tabs.ts'
import { type EchoLoad, measureEcho } from './bench/echo-meter.ts'
import { type Bench, runBench } from './bench/report.ts'
import { digits, p50, p95, times } from './bench/samples.ts'

/** Rounds in turns, since the machine's load changes; the first one warms up and does not count. */
const ROUNDS = 5
const IN_PROCESS: EchoLoad = { oneByOne: 1_000, many: 5_000, atOnce: 64 }
const BETWEEN_TABS: EchoLoad = { oneByOne: 200, many: 2_000, atOnce: 64 }
/** Bars of a direct call: its p50 against a bare data channel's, and calls a second against PeerJS's round trips. */
const MAX_P50_RATIO = 1.3
const MIN_RATE_RATIO = 0.7

interface Measured {
  p50: number
  p95: number
  rate: number
}

/** Measures all in turns, prints a row for each. */
async function compare<Name extends string>(
  bench: Bench,
  title: string,
  ends: Record<Name, EchoEnd>,
  load: EchoLoad,
): Promise<Record<Name, Measured>> {
  const names = Object.keys(ends) as Name[]
  const us = new Map(names.map((name) => [name, [] as number[]]))
  const rates = new Map(names.map((name) => [name, [] as number[]]))
  for (let round = 0; round <= ROUNDS; round++) {
    for (const name of names) {
      const reading = await ends[name].measure(load)
      if (round === 0) continue
      us.get(name)?.push(...reading.us)
      rates.get(name)?.push(reading.rate)
    }
  }
  const measured = names.map((name): [Name, Measured] => {
    const readings = us.get(name) ?? []
    return [name, { p50: p50(readings), p95: p95(readings), rate: p50(rates.get(name) ?? []) }]
  })
  const rows = measured.map(([name, { p50, p95, rate }]) => [name, digits(p50), digits(p95), digits(rate)])
  bench.table(title, ['what', 'p50, µs', 'p95, µs', `a second, ${load.atOnce} at once`], rows)
  return Object.fromEntries(measured) as Record<Name, Measured>
}

async function compareTabs(bench: Bench): Promise<void> {
  bench.step('two Chromium for each system')
  const ends = {
    'bare data channel': await startChannel(bench.stack),
    PeerJS: await startPeerjs(bench.stack),
    'mayfly, direct': await startTabs('direct', bench.stack),
    'mayfly, through the home': await startTabs('relayed', bench.stack),
    'bare websocket, through one server': await startWebsocket(bench.stack),
  }
  const measured = await compare(bench, 'Round trips between two tabs, in two browsers', ends, BETWEEN_TABS)
  const direct = measured['mayfly, direct']
  const p50Ratio = direct.p50 / measured['bare data channel'].p50
  const rateRatio = direct.rate / measured.PeerJS.rate
  bench.judge({
    what: 'p50 of a direct call against a bare data channel',
    reading: p50Ratio,
    as: times,
    atMost: MAX_P50_RATIO,
  })
  bench.judge({
    what: 'direct calls a second against PeerJS',
    reading: rateRatio,
    as: times,
    atLeast: MIN_RATE_RATIO,
  })
  const relayedRatio = measured['mayfly, through the home'].p50 / measured['bare websocket, through one server'].p50
  bench.judge({ what: 'p50 of a call through the home against a bare websocket through one server', value: times(relayedRatio) })
}

async function compareNodes(bench: Bench): Promise<void> {
  bench.step('two processes for each system')
  const ends = { 'mayfly, node ↔ node': await startNodes(bench.stack), "Cap'n Web over a websocket": await startCapnweb(bench.stack) }
  const measured = await compare(bench, 'Round trips between two processes', ends, IN_PROCESS)
  const ratio = measured['mayfly, node ↔ node'].p50 / measured["Cap'n Web over a websocket"].p50
  bench.judge({ what: "p50 of a call between nodes against Cap'n Web", value: times(ratio) })
}

/** The layers under a direct call, each beside the one below it: in the same two tabs, on the same WebRTC connection. */
async function compareLayers(bench: Bench): Promise<void> {
  bench.step('two Chromium, all layers')
  const tabs = await startTabs('direct', bench.stack)
  const measured = await compare(bench, 'Layers under a direct call, in the same two tabs', await tabs.layers(), BETWEEN_TABS)
  const bare = measured['data channel'].p50
  for (const layer of LAYERS.slice(1))
    bench.judge({ what: `p50 of ${layer} against a data channel beside it`, value: times(measured[layer].p50 / bare) })
}

async function compareInProcess(bench: Bench, carrier: Carrier): Promise<void> {
  const [bare, call] = [await createBareEcho(carrier), await createCallEcho(carrier)]
  const ends = {
    'echoed frame': { measure: (load: EchoLoad) => measureEcho(bare, load) },
    call: { measure: (load: EchoLoad) => measureEcho(call, load) },
  }
  const title = `Sessions over ${carrier === 'yamux' ? 'yamux streams' : 'frames that are handed over'}, in one process`
  const measured = await compare(bench, title, ends, IN_PROCESS)
  bench.judge({
    what: `p50 of a call against an echoed frame (${carrier})`,
    value: times(measured.call.p50 / measured['echoed frame'].p50),
  })
}

await runBench('calls', async (bench: Bench) => {
  for (const carrier of ['handed over', 'yamux'] as const) await compareInProcess(bench, carrier)
  await compareNodes(bench)
  await compareTabs(bench)
  await compareLayers(bench)
})
