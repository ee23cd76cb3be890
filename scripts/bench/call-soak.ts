/**
 * Calls with random ends between peers in memory: answered, thrown, never answered, given up, with their peer gone, or with the caller reloaded. Each
 * must end, in one of the ways that its own end allows, and no handler may run twice for one call.
 */

import { setTimeout as delay } from 'node:timers/promises'
import type { Answer, CallOptions } from '../../node/people/types.ts'
import { type CallPeer, createCallNetwork } from '../../test/helpers/call-peers.ts'

/** Kinds of calls, and the ends that each may come to; a peer that leaves adds ERR_LEFT to all. */
const ENDS: Record<string, readonly string[]> = {
  answer: ['value'],
  later: ['value'],
  items: ['value'],
  nothing: ['ERR_NO_MODULE'],
  throw: ['ERR_HANDLER'],
  reject: ['ERR_HANDLER'],
  'throw after items': ['ERR_HANDLER'],
  large: ['ERR_TOO_LARGE'],
  slow: ['ERR_TIMEOUT', 'ERR_BUSY'],
  never: ['ERR_TIMEOUT', 'ERR_BUSY'],
  abort: ['aborted', 'ERR_BUSY'],
  'abort items': ['aborted', 'ERR_BUSY'],
  'enough items': ['value'],
}
const KINDS = Object.keys(ENDS)
/** Frequent ends come first among the kinds by this share. */
const SERVERS = 3
const AT_ONCE = 64
const HANDLER_MS = 40
const CALLER_MS = 60

export interface CallSoakReport {
  calls: number
  /** How often each kind ended in each way. */
  ends: Record<string, Record<string, number>>
  /** Calls that ended otherwise than their kind allows. */
  wrong: string[]
  ranTwice: number
  reloads: number
  departures: number
  /** Handlers whose signal was aborted. */
  signals: number
  longestMs: number
}

interface Soak {
  report: CallSoakReport
  random(): number
  /** Numbers of calls whose handler runs or ran, of the last thousands. */
  runs: Map<number, number>
}

export async function runCallSoak(options: { calls: number; random(): number; onProgress?(done: number): void }): Promise<CallSoakReport> {
  const { calls, random, onProgress = () => {} } = options
  const report: CallSoakReport = { calls: 0, ends: {}, wrong: [], ranTwice: 0, reloads: 0, departures: 0, signals: 0, longestMs: 0 }
  const soak: Soak = { report, random, runs: new Map() }
  const { join } = createCallNetwork({ limits: { timeoutMs: 10_000 } })
  let names = 0
  const startServer = () => serve(join(`server${names++}`), soak)
  const startCaller = () => join(`caller${names++}`)
  const servers = Array.from({ length: SERVERS }, startServer)
  const callers = Array.from({ length: SERVERS }, startCaller)
  let begun = 0

  async function callOn(line: number): Promise<void> {
    while (begun < calls) {
      const number = begun++
      if (number % 1_000 === 999) onProgress(number + 1)
      const caller = callers[line % SERVERS] as CallPeer
      const server = servers[Math.floor(random() * SERVERS)] as CallPeer
      await callOnce(soak, caller, server, number)
      const chance = random()
      if (chance < 1 / 1_000) replace(callers, line % SERVERS, startCaller, 'reloads')
      else if (chance < 2 / 1_000) replace(servers, Math.floor(random() * SERVERS), startServer, 'departures')
    }
  }

  /** The peer goes without a word, or stops in good order; another comes. */
  function replace(peers: CallPeer[], index: number, start: () => CallPeer, what: 'reloads' | 'departures'): void {
    report[what]++
    const peer = peers[index] as CallPeer
    if (random() < 0.5) peer.calls.stop()
    peer.leave()
    peers[index] = start()
  }

  await Promise.all(Array.from({ length: AT_ONCE }, (_, line) => callOn(line)))
  for (const peer of [...servers, ...callers]) peer.calls.stop()
  return report
}

/** Modules that end in each way. */
function serve(peer: CallPeer, { report, runs }: Soak): CallPeer {
  const begin = (number: unknown) => {
    const times = (runs.get(number as number) ?? 0) + 1
    runs.set(number as number, times)
    if (times > 1) report.ranTwice++
  }
  const untilAborted = (signal: AbortSignal) =>
    new Promise<never>((_, reject) => {
      signal.addEventListener('abort', () => {
        report.signals++
        reject(signal.reason)
      })
    })
  const items = async function* (count: number, signal: AbortSignal) {
    for (let i = 0; i < count; i++) yield i
    if (count === Number.POSITIVE_INFINITY) await untilAborted(signal)
  }
  const add: CallPeer['scope']['module'] = (name, handler, options) =>
    peer.scope.module(
      name,
      (number, context) => {
        begin(number)
        return handler(number, context)
      },
      { timeoutMs: 5_000, ...options },
    )
  add('answer', (number) => number)
  add('later', async (number) => {
    await new Promise(setImmediate)
    return number
  })
  add('items', (_, { signal }) => items(20, signal))
  add('throw', () => {
    throw new Error('thrown')
  })
  add('reject', () => Promise.reject(new Error('rejected')))
  add('throw after items', async function* () {
    yield 1
    throw new Error('thrown')
  })
  add('large', () => new Uint8Array(262_144))
  add('slow', (_, { signal }) => untilAborted(signal), { timeoutMs: HANDLER_MS })
  add('never', () => new Promise(() => {}), { timeoutMs: HANDLER_MS })
  add('abort', (_, { signal }) => untilAborted(signal))
  add('abort items', async function* (_, { signal }) {
    yield 1
    await untilAborted(signal)
  })
  add('enough items', (_, { signal }) => items(Number.POSITIVE_INFINITY, signal))
  return peer
}

/** Kinds that take time are rarer, or all calls would wait for them. */
function pickKind(random: () => number): string {
  const picked = Math.floor(random() * KINDS.length)
  const kind = KINDS[picked] ?? 'answer'
  return (kind === 'slow' || kind === 'never') && random() < 0.9 ? 'answer' : kind
}

async function callOnce({ report, random, runs }: Soak, caller: CallPeer, server: CallPeer, number: number): Promise<void> {
  const kind = pickKind(random)
  const controller = new AbortController()
  const options: CallOptions = kind === 'never' && random() < 0.5 ? { timeoutMs: CALLER_MS / 2 } : { signal: controller.signal }
  const startedAtMs = performance.now()
  const answers = caller.scope.get(server.identity.peer).message(kind, number, options)
  if (kind.startsWith('abort')) void delay(random() * 5).then(() => controller.abort(new Error('aborted')))
  const end = await endOf(kind, answers)
  runs.delete(number)
  report.calls++
  report.longestMs = Math.max(report.longestMs, performance.now() - startedAtMs)
  const ends = report.ends[kind] ?? {}
  report.ends[kind] = ends
  ends[end] = (ends[end] ?? 0) + 1
  if (ENDS[kind]?.includes(end) || end === 'ERR_LEFT' || end === 'nobody' || end === 'ERR_NOT_STARTED') return
  if (report.wrong.length < 20) report.wrong.push(`${kind}: ${end}`)
}

/** In one word. */
async function endOf(kind: string, answers: AsyncIterable<Answer> & { settled(): Promise<Answer[]> }): Promise<string> {
  try {
    if (kind === 'enough items') {
      let count = 0
      for await (const answer of answers) {
        if ('error' in answer) return answer.error.code
        if (++count === 5) return 'value'
      }
      return 'nobody'
    }
    const list = await answers.settled()
    const last = list.at(-1)
    if (last === undefined) return 'nobody'
    return 'error' in last ? last.error.code : 'value'
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : (error as Error).message
  }
}
