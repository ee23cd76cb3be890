/**
 * The cost of a call by itself: against bare frames that are echoed over the same session, in one process, so that nothing but the code counts.
 *
 *   npm run bench -- calls
 */

import { type Carrier, createBareEcho, createCallEcho, type Echo } from './bench/call-pairs.ts'
import { type Bench, runBench } from './bench/report.ts'
import { digits, p50, p95, times } from './bench/samples.ts'

const CARRIERS: Carrier[] = ['handed over', 'yamux']
const ROUNDS = 5
const ROUND_TRIPS = 1_000
const MANY = 5_000
const AT_ONCE = 64
const VALUE = { text: 'hello', n: 5 }

/** Round trips one after the other, in µs. */
async function measureTimes(echo: Echo): Promise<number[]> {
  const readings: number[] = []
  for (let i = 0; i < ROUND_TRIPS; i++) {
    const startedAtMs = performance.now()
    await echo(VALUE)
    readings.push((performance.now() - startedAtMs) * 1_000)
  }
  return readings
}

/** Round trips per second, many at once. */
async function measureRate(echo: Echo): Promise<number> {
  const startedAtMs = performance.now()
  let begun = 0
  const line = async () => {
    while (begun++ < MANY) await echo(VALUE)
  }
  await Promise.all(Array.from({ length: AT_ONCE }, line))
  return MANY / ((performance.now() - startedAtMs) / 1_000)
}

async function compare(bench: Bench, carrier: Carrier): Promise<void> {
  const echoes = { bare: await createBareEcho(carrier), call: await createCallEcho(carrier) }
  const readings: Record<keyof typeof echoes, { us: number[]; rates: number[] }> = {
    bare: { us: [], rates: [] },
    call: { us: [], rates: [] },
  }
  // In turns, since the machine's load changes; the first round warms up.
  for (let round = 0; round <= ROUNDS; round++) {
    for (const name of ['bare', 'call'] as const) {
      const us = await measureTimes(echoes[name])
      const rate = await measureRate(echoes[name])
      if (round > 0) readings[name].us.push(...us)
      if (round > 0) readings[name].rates.push(rate)
    }
  }
  const { bare, call } = readings
  bench.table(
    `Sessions over ${carrier === 'yamux' ? 'yamux streams' : 'frames that are handed over'}, in one process`,
    ['what', 'p50, µs', 'p95, µs', 'a second, 64 at once'],
    [
      ['frames that are echoed', digits(p50(bare.us)), digits(p95(bare.us)), digits(p50(bare.rates))],
      ['calls', digits(p50(call.us)), digits(p95(call.us)), digits(p50(call.rates))],
    ],
  )
  bench.judge({ what: `p50 of a call against an echoed frame (${carrier})`, value: times(p50(call.us) / p50(bare.us)) })
  bench.judge({ what: `calls a second against echoed frames (${carrier})`, value: times(p50(call.rates) / p50(bare.rates)) })
}

await runBench('calls', async (bench: Bench) => {
  for (const carrier of CARRIERS) await compare(bench, carrier)
})
