/**
 * Calls between two tabs, directly and through their home, against what is sent back over a bare data channel and over PeerJS; and what a call costs
 * by itself, in one process, against frames that are echoed over the same session.
 *
 *   npm run bench -- calls
 */

import { type Carrier, createBareEcho, createCallEcho } from './bench/call-pairs.ts'
import { type EchoEnd, startChannel, startPeerjs, startTabs } from './bench/call-tabs.ts'
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
  }
  const measured = await compare(bench, 'Round trips between two tabs, in two browsers', ends, BETWEEN_TABS)
  const direct = measured['mayfly, direct']
  const p50Ratio = direct.p50 / measured['bare data channel'].p50
  const rateRatio = direct.rate / measured.PeerJS.rate
  bench.judge({
    what: 'p50 of a direct call against a bare data channel',
    value: times(p50Ratio),
    bar: `at most ${times(MAX_P50_RATIO)}`,
    met: p50Ratio <= MAX_P50_RATIO,
  })
  bench.judge({
    what: 'direct calls a second against PeerJS',
    value: times(rateRatio),
    bar: `at least ${times(MIN_RATE_RATIO)}`,
    met: rateRatio >= MIN_RATE_RATIO,
  })
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
  await compareTabs(bench)
})
