/**
 * Durable posts, from one process to another on this machine: rate, latency and cost, one at a time,
 * 32 and 256 in flight; mayfly beside Node.js's HTTP server with SQLite and beside message brokers, all running at once and taking turns, so
 * that what else the machine does falls on all alike. Then one post to a thousand listeners.
 *
 *   npm run bench -- messages
 *   BENCH_SYSTEMS=mayfly,http npm run bench -- messages     those whose names contain one of these words
 *   BENCH_PROFILE=DIR npm run bench -- messages             CPU profiles of mayfly's processes
 */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type FanOut, LISTENERS, MAYFLY_FAN_OUT, measureFanOut, SOCKETS_FAN_OUT } from './bench/fan-out.ts'
import {
  directoryFor,
  MESSAGE_SYSTEMS,
  type MessageSystem,
  OPEN_END,
  type Posting,
  SAME_DURABILITY,
  SEALED,
  SIGNED_HTTP,
} from './bench/message-systems.ts'
import { cpuMsOf } from './bench/process-stat.ts'
import { type Bench, runBench } from './bench/report.ts'
import { digits, ms, p50, p95, sum, times } from './bench/samples.ts'

const BODY_BYTES = 200
const IN_FLIGHT = [1, 32, 256] as const
const PIPELINED = 32
const ROUNDS = 3
/** Code that has run a few thousand times is faster: each system gets as many posts before it is measured, on a slow machine, too. */
const WARM_UP_POSTS = 5_000
const WARM_UP_MS = 1_000
const MAX_WARM_UPS = 10
const ROUND_MS = 1_000

const BAR = {
  shareOfHttp: 0.5,
  /** Of HTTP that signs as mayfly does, by the number in flight. */
  ofSigned: new Map([
    [1, 0.95],
    [32, 1.1],
    [256, 1.3],
  ]),
  pipelinedPerSecond: 5_000,
  sealedOfOpen: 0.8,
  fanOutMs: 1_000,
  /** Of websockets of one server. */
  fanOutOfSockets: 4,
}

interface Round {
  posts: number
  perSecond: number
  latencies: number[]
  senderCpuMs: number
  receiverCpuMs: number
}

/** By the number in flight. */
type Rounds = Map<number, Round[]>

async function measureMessages(bench: Bench): Promise<void> {
  const words = process.env.BENCH_SYSTEMS?.toLowerCase().split(',')
  const systems = MESSAGE_SYSTEMS.filter(({ name }) => words?.some((word) => name.toLowerCase().includes(word)) ?? true)
  if (systems.length === 0) throw new Error('BENCH_SYSTEMS: no name contains one of these words')
  const parent = mkdtempSync(join(tmpdir(), 'mayfly-bench-messages-'))
  bench.stack.defer(() => rmSync(parent, { recursive: true, force: true }))
  const results = await takeTurns(bench, systems, parent)
  printRounds(bench, results)
  judgePosts(bench, results)
  const fanOuts = await measureFanOut(bench, (name) => directoryFor(name, parent), words)
  printFanOuts(bench, fanOuts)
}

async function takeTurns(bench: Bench, systems: readonly MessageSystem[], parent: string): Promise<Map<MessageSystem, Rounds>> {
  await using stack = new AsyncDisposableStack()
  const running = new Map<MessageSystem, Posting>()
  for (const system of systems) {
    try {
      const posting = await system.start(directoryFor(system.name, parent), stack)
      bench.step(`warming up: ${system.name}`)
      await warmUp(posting)
      running.set(system, posting)
    } catch (error) {
      bench.note(`${system.name} is left out: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
  const results = new Map<MessageSystem, Rounds>()
  for (let round = 0; round < ROUNDS; round++) {
    for (const inFlight of IN_FLIGHT) {
      for (const [system, posting] of running) {
        bench.step(`${inFlight} in flight, ${round + 1} of ${ROUNDS}: ${system.name}`)
        const rounds = results.get(system) ?? new Map()
        results.set(system, rounds.set(inFlight, [...(rounds.get(inFlight) ?? []), await runRound(posting, inFlight)]))
      }
    }
  }
  return results
}

async function warmUp({ post }: Posting): Promise<void> {
  let posts = 0
  for (let i = 0; i < MAX_WARM_UPS && posts < WARM_UP_POSTS; i++) {
    const { latencies } = await post({ inFlight: PIPELINED, forMs: WARM_UP_MS, bodyBytes: BODY_BYTES })
    posts += latencies.length
  }
}

async function runRound({ post, sender, receiver }: Posting, inFlight: number): Promise<Round> {
  const before = { sender: cpuMsOf(sender), receiver: cpuMsOf(receiver) }
  const { ms, latencies } = await post({ inFlight, forMs: ROUND_MS, bodyBytes: BODY_BYTES })
  return {
    posts: latencies.length,
    perSecond: (latencies.length / ms) * 1_000,
    latencies,
    senderCpuMs: cpuMsOf(sender) - before.sender,
    receiverCpuMs: cpuMsOf(receiver) - before.receiver,
  }
}

/** The README's table. */
function printRounds(bench: Bench, results: Map<MessageSystem, Rounds>): void {
  const figuresOf = (rounds: Rounds, inFlight: number) => {
    const latencies = (rounds.get(inFlight) ?? []).flatMap((round) => round.latencies)
    return [Math.round(perSecondOf(rounds, inFlight)).toLocaleString('en-US'), digits(p50(latencies)), digits(p95(latencies))]
  }
  const cpuOf = (rounds: Rounds) => {
    const all = rounds.get(PIPELINED) ?? []
    const posts = sum(all.map((round) => round.posts))
    const usPerPost = (used: number[]) => Math.round((sum(used) / posts) * 1_000).toLocaleString('en-US')
    return `${usPerPost(all.map(({ senderCpuMs }) => senderCpuMs))} + ${usPerPost(all.map(({ receiverCpuMs }) => receiverCpuMs))}`
  }
  bench.table(
    `Posts of ${BODY_BYTES} bytes, and the CPU that one takes when ${PIPELINED} are in flight`,
    ['system', ...IN_FLIGHT.flatMap((inFlight) => [`${inFlight} in flight: /s`, 'p50, ms', 'p95, ms']), 'CPU, µs: sender + receiver'],
    [...results].map(([{ name }, rounds]) => [name, ...IN_FLIGHT.flatMap((inFlight) => figuresOf(rounds, inFlight)), cpuOf(rounds)]),
  )
  bench.note(`What an acknowledgement means:\n${[...results.keys()].map(({ name, means }) => `  ${name}: ${means}`).join('\n')}`)
}

/** The best round: others use this machine too, and can only take from it. */
function perSecondOf(rounds: Rounds | undefined, inFlight: number): number {
  return Math.max(...(rounds?.get(inFlight) ?? []).map(({ perSecond }) => perSecond))
}

function judgePosts(bench: Bench, results: Map<MessageSystem, Rounds>): void {
  const roundsOf = (name: string) => [...results].find(([system]) => system.name === name)?.[1]
  for (const [ours, theirs] of SAME_DURABILITY) {
    const rounds = roundsOf(ours)
    if (rounds === undefined) continue
    const share = perSecondOf(rounds, 1) / perSecondOf(roundsOf(theirs), 1)
    if (Number.isFinite(share) && share > 0) {
      bench.judge({ what: `${ours}: one at a time, of ${theirs}`, reading: share, as: times, atLeast: BAR.shareOfHttp })
    }
    const perSecond = perSecondOf(rounds, PIPELINED)
    bench.judge({
      what: `${ours}: ${PIPELINED} in flight`,
      reading: perSecond,
      as: (value) => `${Math.round(value).toLocaleString('en-US')}/s`,
      atLeast: BAR.pipelinedPerSecond,
    })
  }
  for (const inFlight of IN_FLIGHT) {
    const compare = (ours: string, theirs: string, atLeast: number) => {
      const share = perSecondOf(roundsOf(ours), inFlight) / perSecondOf(roundsOf(theirs), inFlight)
      if (!Number.isFinite(share) || share <= 0) return
      bench.judge({ what: `${ours}, of ${theirs}, ${inFlight} in flight`, reading: share, as: times, atLeast })
    }
    compare(OPEN_END, SIGNED_HTTP, BAR.ofSigned.get(inFlight) ?? 1)
    compare(SEALED, OPEN_END, BAR.sealedOfOpen)
  }
}

function printFanOuts(bench: Bench, fanOuts: readonly FanOut[]): void {
  if (fanOuts.length === 0) return
  bench.table(
    `One post to ${LISTENERS.toLocaleString('en-US')} listeners, until the last has heard it`,
    ['system', 'posts', 'fastest, ms', 'p50, ms', 'slowest, ms'],
    fanOuts.map(({ name, readings }) => {
      const figures = [Math.min(...readings), p50(readings), Math.max(...readings)]
      return [name, String(readings.length), ...figures.map(digits)]
    }),
  )
  const ours = fanOuts.find(({ name }) => name === MAYFLY_FAN_OUT)
  if (ours === undefined) return
  const slowest = Math.max(...ours.readings)
  bench.judge({
    what: `one post to ${LISTENERS.toLocaleString('en-US')} tabs, slowest`,
    reading: slowest,
    as: ms,
    under: BAR.fanOutMs,
  })
  const sockets = fanOuts.find(({ name }) => name === SOCKETS_FAN_OUT)
  if (sockets === undefined) return
  const ratio = slowest / Math.max(...sockets.readings)
  bench.judge({ what: `the same, of ${SOCKETS_FAN_OUT}`, reading: ratio, as: times, atMost: BAR.fanOutOfSockets })
}

if (import.meta.main) await runBench('messages', measureMessages)
