/**
 * A file that a tab gives to those who have its link, in Chromium: from opening the link to the first byte, and how fast the rest comes, for
 * one receiver and for three; against PeerJS as FilePizza uses it, WebTorrent, and a bare data channel. Then what a reload and hidden tabs cost.
 *
 *   npm run bench -- sharing
 *   BENCH_MIB=8 BENCH_SYSTEMS=mayfly npm run bench -- sharing     other sizes; those whose names contain one of these words
 */

import { raceAbort, timeoutSignal } from '../node/async/abort.ts'
import type { BulkContent } from './bench/bulk-content.ts'
import type { BulkReading } from './bench/bulk-meter.ts'
import { type Bench, runBench } from './bench/report.ts'
import { digits, p50, percent, seconds, times } from './bench/samples.ts'
import { measureHidden } from './bench/share-hidden.ts'
import { measureLines } from './bench/share-lines.ts'
import { measureReload } from './bench/share-reload.ts'
import { type LinkReader, SHARE_SYSTEMS, type ShareCarrier, type ShareSystem } from './bench/share-systems.ts'

const MIB = 1_048_576
const SIZES_MIB = [8, 200]
/** Rounds in turns, since the machine's load changes; the first one warms up and does not count. Larger content is read once. */
const FIRST_ROUNDS = 7
const ROUNDS = 3
/** How long a reader may take to open, in ms: one that never does ends the benchmark, with its trace. */
const OPENING_MS = 120_000
const SMALL_MIB = 64
const RECEIVERS = 3
const LINK_MIB = 1

const MAX_FIRST_RATIO = 0.7
const MIN_CHANNEL_RATIO = 0.85
const MAX_TWICE = 0.02
const MIN_THREE_RATIO = 1.6
const MIN_HIDDEN_RATIO = 0.8
const HIDDEN_MIB = 32
const HIDDEN_ROUNDS = 3
/** The upload of a line, and what goes over it: ten to twenty seconds' worth. */
const UPLOAD = '16mbit'
const LINE_MIB = 32

let seed = 0
const next = (mib: number): BulkContent => ({ size: mib * MIB, seed: ++seed })

/** By system, in ms. */
async function measureFirst(bench: Bench, carriers: ReadonlyMap<ShareSystem, ShareCarrier>): Promise<Map<ShareSystem, number>> {
  const readings = new Map<ShareSystem, BulkReading[]>()
  const linked = [...carriers].filter(([system]) => system !== SHARE_SYSTEMS.channel)
  for (let round = 0; round < FIRST_ROUNDS; round++) {
    for (const [system, carrier] of linked) {
      bench.step(`link ${round + 1} of ${FIRST_ROUNDS}: ${system.name}`)
      const content = next(LINK_MIB)
      const reader = await carrier.open(0, content, await carrier.offer(content))
      const reading = await reader.opened()
      await reader.close()
      if (round > 0) readings.set(system, [...(readings.get(system) ?? []), reading])
    }
  }
  const firstOf = (all: BulkReading[]) => all.map(({ firstMs = Number.NaN }) => firstMs)
  bench.table(
    `From opening the link: ${LINK_MIB} MiB, a new tab each time`,
    ['system', 'first byte, p50, ms', 'least, ms', 'last byte, p50, ms', 'checked by'],
    [...readings].map(([{ name, check }, all]) => [
      name,
      digits(p50(firstOf(all))),
      digits(Math.min(...firstOf(all))),
      digits(p50(all.map(({ ms }) => ms))),
      check,
    ]),
  )
  return new Map([...readings].map(([system, all]) => [system, p50(firstOf(all))]))
}

interface Rates {
  /** MiB/s of one reader, and of three together. */
  one: number[]
  three: number[]
}

async function measureRates(bench: Bench, carriers: ReadonlyMap<ShareSystem, ShareCarrier>, mib: number): Promise<Map<ShareSystem, Rates>> {
  const readers = new Map<ShareSystem, LinkReader[]>()
  for (const [system, carrier] of carriers) {
    bench.step(`${RECEIVERS} readers of ${system.name}`)
    readers.set(system, await openAll(carrier))
  }
  const rates = new Map([...carriers.keys()].map((system): [ShareSystem, Rates] => [system, { one: [], three: [] }]))
  for (let round = 0; round < (mib > SMALL_MIB ? 1 : ROUNDS); round++) {
    for (const [system, carrier] of carriers) {
      const all = readers.get(system) ?? []
      for (const [name, those] of [['one', all.slice(0, 1)] as const, ['three', all] as const]) {
        bench.step(`${mib} MiB, round ${round + 1}, ${name}: ${system.name}`)
        rates.get(system)?.[name].push(await readAll(carrier, those, next(mib)))
      }
    }
  }
  for (const reader of [...readers.values()].flat()) await reader.close()
  bench.table(
    `${mib} MiB, connected before; MiB/s of all readers together`,
    ['system', 'one', 'three'],
    [...rates].map(([{ name }, { one, three }]) => [name, digits(p50(one)), digits(p50(three))]),
  )
  return rates
}

async function openAll(carrier: ShareCarrier): Promise<LinkReader[]> {
  const readers: LinkReader[] = []
  for (let n = 0; n < RECEIVERS; n++) {
    const content = next(LINK_MIB)
    const inTime = timeoutSignal(OPENING_MS)
    const step = <T>(promise: Promise<T>) => raceAbort(promise, inTime)
    const reader = await step(carrier.offer(content).then((reference) => carrier.open(n, content, reference)))
    await step(reader.opened())
    await step(reader.connect?.() ?? Promise.resolve())
    readers.push(reader)
  }
  return readers
}

/** MiB/s of all together. */
async function readAll(carrier: ShareCarrier, readers: readonly LinkReader[], content: BulkContent): Promise<number> {
  const reference = await carrier.offer(content)
  const readings = await Promise.all(readers.map((reader) => reader.read(content, reference)))
  const ms = Math.max(...readings.map((reading) => reading.ms))
  return (readers.length * content.size) / MIB / (ms / 1_000)
}

function judge(bench: Bench, firsts: ReadonlyMap<ShareSystem, number>): void {
  const { mayfly, peerjs, torrent } = SHARE_SYSTEMS
  const others = [firsts.get(peerjs), firsts.get(torrent)].filter((first) => first !== undefined)
  const ratio = (firsts.get(mayfly) ?? Number.NaN) / Math.min(...others)
  bench.judge({
    what: 'first byte, against the faster of PeerJS and WebTorrent',
    reading: ratio,
    as: times,
    atMost: MAX_FIRST_RATIO,
  })
}

function judgeRates(bench: Bench, mib: number, rates: ReadonlyMap<ShareSystem, Rates>): void {
  const { mayfly, channel } = SHARE_SYSTEMS
  const [own, bare] = [rates.get(mayfly), rates.get(channel)]
  if (own === undefined || bare === undefined) return
  const ratio = p50(own.one) / p50(bare.one)
  bench.judge({
    what: `${mib} MiB to one receiver, against a bare data channel`,
    reading: ratio,
    as: times,
    atLeast: MIN_CHANNEL_RATIO,
  })
}

/** The machine's processors bound what tabs on one machine get from each other, so each is behind a line that bounds what it sends. */
async function measureThree(bench: Bench): Promise<void> {
  bench.step(`${RECEIVERS} receivers and their sender, each behind a line of ${UPLOAD}`)
  try {
    const { oneMs, threeMs, copies } = await measureLines(next, LINE_MIB, UPLOAD)
    const ratio = (RECEIVERS * oneMs) / threeMs
    bench.note(
      `${LINE_MIB} MiB behind lines that send ${UPLOAD}/s: one receiver in ${seconds(oneMs)}, three at once in ${seconds(threeMs)}; ` +
        `the sender sent ${digits(copies)} copies to the three.`,
    )
    bench.judge({
      what: 'three receivers at once, against one after the other',
      reading: ratio,
      as: times,
      atLeast: MIN_THREE_RATIO,
    })
  } catch (error) {
    bench.note(`Three receivers behind lines are left out (they need root on Linux, ip and tc): ${String(error)}`)
  }
}

async function judgeHidden(bench: Bench): Promise<void> {
  bench.step('hidden tabs')
  const { shown, senderHidden, receiverHidden } = await measureHidden(next, HIDDEN_MIB, HIDDEN_ROUNDS)
  for (const [who, rate] of [["sender's", senderHidden] as const, ["receiver's", receiverHidden] as const]) {
    bench.judge({
      what: `${HIDDEN_MIB} MiB with the ${who} tab hidden, against both shown`,
      value: times(rate / shown),
      bar: `at least ${times(MIN_HIDDEN_RATIO)}`,
      met: rate / shown >= MIN_HIDDEN_RATIO,
    })
  }
}

async function measureSharing(bench: Bench): Promise<void> {
  const sizes = process.env.BENCH_MIB?.split(',').map(Number) ?? SIZES_MIB
  if (!sizes.every((size) => Number.isSafeInteger(size) && size > 0))
    throw new Error('BENCH_MIB: whole numbers of MiB, with commas between them')
  const words = process.env.BENCH_SYSTEMS?.toLowerCase().split(',')
  const systems = Object.values<ShareSystem>(SHARE_SYSTEMS).filter(
    ({ name }) => words?.some((word) => name.toLowerCase().includes(word)) ?? true,
  )
  const carriers = new Map<ShareSystem, ShareCarrier>()
  for (const system of systems) {
    bench.step(`${RECEIVERS + 1} Chromium for ${system.name}`)
    carriers.set(system, await system.start(RECEIVERS, bench.stack))
  }
  judge(bench, await measureFirst(bench, carriers))
  for (const mib of sizes) judgeRates(bench, mib, await measureRates(bench, carriers, mib))
  await measureThree(bench)
  bench.step('a reload at half')
  const reload = await measureReload(next(Math.max(...sizes)))
  bench.judge({
    what: `fetched twice after a reload at half of ${Math.max(...sizes)} MiB`,
    reading: reload,
    as: percent,
    under: MAX_TWICE,
  })
  await judgeHidden(bench)
}

if (import.meta.main) await runBench('sharing', measureSharing)
