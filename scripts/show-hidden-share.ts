/**
 * Shows that a share goes on at full speed in hidden tabs: both hidden at once, and both after they were hidden for so long that Chromium lets their
 * timers run once a minute ("intensive throttling", after five minutes). Prints the rate of each as a share of the visible one in the same run, and
 * ends with 1 where it is under 0.8.
 *
 *   npm run show-hidden-share             hidden for five and a half minutes
 *   npm run show-hidden-share -- 60       for so many seconds
 */

import { setTimeout as delay } from 'node:timers/promises'
import type { BulkContent } from './bench/bulk-content.ts'
import { p50 } from './bench/samples.ts'
import { openHiddenShare, type ShareSide } from './bench/share-hidden.ts'

const HIDDEN_SECONDS = 330
const MIB = 32
const ROUNDS = 5
const LEAST = 0.8
const BOTH: readonly ShareSide[] = ['sender', 'receiver']

let seed = Date.now() % 2 ** 31
const next = (mib: number): BulkContent => ({ size: mib * 2 ** 20, seed: seed++ })

async function show(seconds: number): Promise<boolean> {
  await using stack = new AsyncDisposableStack()
  const { read, hide } = await openHiddenShare(stack, next)
  const rates: Record<'shown' | 'hidden' | 'hidden for long', number[]> = { shown: [], hidden: [], 'hidden for long': [] }
  for (let round = 0; round < ROUNDS; round++) {
    rates.shown.push(await read([], MIB))
    rates.hidden.push(await read(BOTH, MIB))
  }
  await hide(BOTH)
  console.log(`both tabs are hidden for ${seconds} s`)
  await delay(seconds * 1_000)
  for (let round = 0; round < ROUNDS; round++) rates['hidden for long'].push(await read(BOTH, MIB))
  // The machine may be busier now than it was: the visible rate counts from before and after.
  for (let round = 0; round < ROUNDS; round++) rates.shown.push(await read([], MIB))
  const visible = p50(rates.shown)
  console.log(`shown            ${mibPerSecond(visible)} MiB/s`)
  const ratios = (['hidden', 'hidden for long'] as const).map((name) => {
    const rate = p50(rates[name])
    console.log(`${name.padEnd(16)} ${mibPerSecond(rate)} MiB/s, ${(rate / visible).toFixed(2)} of the visible rate`)
    return rate / visible
  })
  return ratios.every((ratio) => ratio >= LEAST)
}

const mibPerSecond = (bytesPerMs: number) => ((bytesPerMs * 1_000) / 2 ** 20).toFixed(1)

process.exitCode = (await show(Number(process.argv[2] ?? HIDDEN_SECONDS))) ? 0 : 1
