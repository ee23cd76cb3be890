import { streamPair } from '@libp2p/utils'
import { afterEach, beforeAll, expect, onTestFinished, test, vi } from 'vitest'
import { MayflyError } from '../../node/errors.ts'
import type { FrameStream } from '../../node/network/index.ts'
import { MAX_LEASE_BYTES } from '../../node/rendezvous/lease.ts'
import {
  createPresenceStream,
  type PresenceStream,
  type PresenceStreamContext,
  type PresenceStreamListener,
  type PresenceStreamOptions,
} from '../../node/rendezvous/presence-stream.ts'
import { createResting } from '../../node/rendezvous/resting.ts'
import {
  MARK_BYTES,
  MAX_LEASES_PER_FRAME,
  MAX_LEASES_WITH_CONTENT,
  MAX_RECORDS_PER_WELCOME,
  MAX_RELEASES_PER_FRAME,
  MAX_SMALL_CONTENT_BYTES,
} from '../../node/rendezvous/wire.ts'
import { type PresenceFrame, SCOPE } from '../../node/rendezvous/wire-frames.ts'
import { createRawStream, PRESENCE_CODEC } from '../helpers/raw-stream.ts'
import { createSeededPeer, type SeededPeer } from '../helpers/seeded-peer.ts'
import { waitFor } from '../helpers/wait-for.ts'

const KEY = new Uint8Array(32).fill(1)
const WELCOME: PresenceFrame = { type: 'welcome', addresses: [], nowMs: 0, servers: [] }
const FOUND: PresenceFrame = { type: 'found', id: 0, leases: [], stock: [], homes: [], count: 0 }

let peer: SeededPeer
beforeAll(async () => {
  peer = await createSeededPeer(1)
})

interface Ends {
  stream: PresenceStream
  /** Frames that the stream sent. */
  received: PresenceFrame[]
  answer(frame: PresenceFrame): boolean
  remote: FrameStream
  onSilent: ReturnType<typeof vi.fn>
  events: { [Name in keyof Required<PresenceStreamListener>]: ReturnType<typeof vi.fn> }
}

const streams: PresenceStream[] = []
afterEach(() => {
  for (const stream of streams.splice(0)) stream.close()
})

/** A stream, and its answering end in the test's hand. */
async function openStream({
  role = 'tab',
  isEntrance = false,
  ...options
}: Partial<PresenceStreamOptions & Pick<PresenceStreamContext, 'role' | 'isEntrance'>> = {}): Promise<Ends> {
  const [outbound, inbound] = await streamPair({ delay: 0 })
  const { received, send, frames: remote } = createRawStream(inbound, PRESENCE_CODEC)
  const events = {
    ...{ onWelcome: vi.fn(), onServers: vi.fn(), onCount: vi.fn(), onRefused: vi.fn(), onTime: vi.fn(), onEnd: vi.fn() },
    ...{ onHold: vi.fn(), onGroup: vi.fn(), letsRest: vi.fn(() => false) },
  }
  const onSilent = vi.fn()
  const stream = createPresenceStream(
    { peer: peer.peer, stream: outbound, role, isEntrance, addresses: [], listener: events, onSilent },
    { heartbeatMs: 60_000, silentMs: 60_000, ...options },
  )
  streams.push(stream)
  return { stream, received, remote, answer: send, events, onSilent }
}
const arrives = (ends: Ends, type: PresenceFrame['type'], count = 1) =>
  waitFor(() => ends.received.filter((frame) => frame.type === type).length >= count, 2_000, `${count} of ${type}`)

test('presence stream: says hello first, and knows the other’s clock from the welcome', async () => {
  const ends = await openStream()
  await arrives(ends, 'hello')
  expect(ends.received).toEqual([{ type: 'hello', role: 'tab', addresses: [], answersProbes: true }])
  ends.answer({ ...WELCOME, nowMs: 3_600_000 } as PresenceFrame)
  await ends.stream.welcomed
  expect(ends.events.onTime).toHaveBeenCalledExactlyOnceWith(ends.stream, 3_600_000, expect.any(Number))
  expect(ends.events.onWelcome).toHaveBeenCalledTimes(1)
})

test('presence stream: a node asks its entrance alone for news of servers, hears them, and ends a stream whose news break the rules', async () => {
  const hellos = []
  for (const [role, isEntrance] of [
    ['node', true],
    ['node', false],
    ['tab', true],
  ] as const) {
    const ends = await openStream({ role, isEntrance })
    await arrives(ends, 'hello')
    hellos.push(ends.received[0])
  }
  expect(hellos.map((hello) => hello?.type === 'hello' && hello.readsNews)).toEqual([true, undefined, undefined])
  const ends = await openStream({ role: 'node', isEntrance: true })
  const records = Array(MAX_RECORDS_PER_WELCOME).fill(Uint8Array.of(1))
  ends.answer({ type: 'servers', records })
  await waitFor(() => ends.events.onServers.mock.calls.length === 1, 1_000, 'the news')
  expect(ends.events.onServers).toHaveBeenLastCalledWith(ends.stream, records)
  expect(ends.stream.open).toBe(true)
  ends.events.onServers.mockImplementation(() => {
    throw new MayflyError('ERR_BAD_FRAME', 'too many')
  })
  ends.answer({ type: 'servers', records })
  await waitFor(() => !ends.stream.open, 1_000, 'the end')
})

test('presence stream: a second welcome ends it', async () => {
  const ends = await openStream()
  ends.answer(WELCOME)
  ends.answer(WELCOME)
  await waitFor(() => !ends.stream.open, 1_000, 'the end')
  expect(ends.events.onWelcome).toHaveBeenCalledTimes(1)
})

test('presence stream: one that ends without a welcome never was one', async () => {
  const ends = await openStream()
  ends.remote.close()
  await expect(ends.stream.welcomed).rejects.toThrow()
  expect(ends.events.onEnd).toHaveBeenCalledTimes(1)
})

test('presence stream: people are at most the holders, and at least one where somebody holds', async () => {
  const ends = await openStream()
  ends.stream.watch(KEY, SCOPE.own)
  for (const [count, people] of [
    [3, 2],
    [3, 9],
    [3, 0],
    [0, 5],
  ] as const)
    ends.answer({ type: 'count', key: KEY, count, people })
  await waitFor(() => ends.events.onCount.mock.calls.length === 4, 1_000, 'the counts')
  expect(ends.events.onCount.mock.calls.map(([, , count, people]) => [count, people])).toEqual([
    [3, 2],
    [3, 3],
    [3, 1],
    [0, 0],
  ])
})

test('presence stream: marks go in the frame of their leases, and none where there is none', async () => {
  const ends = await openStream()
  const leases = Array.from({ length: MAX_LEASES_PER_FRAME + 1 }, (_, i) => Uint8Array.of(i))
  const mark = new Uint8Array(16).fill(5)
  void ends.stream.hold(leases, (lease) => (lease === leases.at(-1) ? { mark } : undefined))
  await arrives(ends, 'hold', 2)
  const holds = ends.received.filter((frame) => frame.type === 'hold')
  expect(holds.map(({ marks }) => marks)).toEqual([undefined, [mark]])
})

test('presence stream: one content makes no more frames of the leases that have none', async () => {
  const ends = await openStream()
  const leases = Array.from({ length: MAX_LEASES_PER_FRAME + 1 }, (_, i) => Uint8Array.of(i))
  const content = Uint8Array.of(1)
  const taken = ends.stream.hold(leases, (lease) => (lease === leases[0] ? { content } : undefined))
  await arrives(ends, 'hold', 2)
  const holds = ends.received.filter((frame) => frame.type === 'hold')
  expect(holds.map((hold) => [hold.leases.length, hold.contents])).toEqual([
    [MAX_LEASES_PER_FRAME, undefined],
    [1, [content]],
  ])
  for (const { sequence } of holds) ends.answer({ type: 'held', sequence, refused: [{ index: 0, reason: 'busy' }] })
  expect(await taken).toEqual(leases.slice(2))
  expect(ends.events.onRefused.mock.calls.map(([, , lease]) => lease)).toEqual([leases[1], leases[0]])
})

test('presence stream: contents go in frames that they fit into, and none where there is none', async () => {
  const ends = await openStream()
  const leases = Array.from({ length: 2 * MAX_LEASES_WITH_CONTENT }, () => new Uint8Array(MAX_LEASE_BYTES))
  const mark = new Uint8Array(MARK_BYTES)
  const content = new Uint8Array(MAX_SMALL_CONTENT_BYTES)
  void ends.stream.hold(leases, () => ({ mark, content }))
  void ends.stream.hold(leases, () => ({ mark }))
  await arrives(ends, 'hold', 3)
  const holds = ends.received.filter((frame) => frame.type === 'hold')
  expect(holds.map((hold) => [hold.leases.length, hold.contents?.length])).toEqual([
    [MAX_LEASES_WITH_CONTENT, MAX_LEASES_WITH_CONTENT],
    [MAX_LEASES_WITH_CONTENT, MAX_LEASES_WITH_CONTENT],
    [2 * MAX_LEASES_WITH_CONTENT, undefined],
  ])
})

test('presence stream: many leases and releases go in frames that the other end takes', async () => {
  const ends = await openStream()
  void ends.stream.hold(Array(2 * MAX_LEASES_PER_FRAME + 1).fill(new Uint8Array(200)))
  ends.stream.release(Array(MAX_RELEASES_PER_FRAME + 1).fill({ key: KEY, holder: peer.id }))
  await arrives(ends, 'release', 2)
  const holds = ends.received.filter((frame) => frame.type === 'hold')
  expect(holds.map(({ leases }) => leases.length)).toEqual([MAX_LEASES_PER_FRAME, MAX_LEASES_PER_FRAME, 1])
  expect(new Set(holds.map(({ sequence }) => sequence)).size).toBe(3)
})

test('presence stream: finds are answered by their id, in whatever order', async () => {
  const ends = await openStream()
  const signal = AbortSignal.timeout(5_000)
  const finds = [1, 2, 3].map((limit) => ends.stream.find(KEY, limit, SCOPE.own, { signal }))
  await arrives(ends, 'find', 3)
  const asked = ends.received.filter((frame) => frame.type === 'find')
  for (const { id, limit } of asked.toReversed()) ends.answer({ ...FOUND, id, count: limit } as PresenceFrame)
  ends.answer({ ...FOUND, id: 999 } as PresenceFrame)
  expect((await Promise.all(finds)).map((found) => found !== 'clock' && found?.count)).toEqual([1, 2, 3])
})

test('presence stream: a refused find gives nothing, and the refusal is reported', async () => {
  const ends = await openStream()
  const found = ends.stream.find(KEY, 1, SCOPE.network, { signal: AbortSignal.timeout(5_000) })
  await arrives(ends, 'find')
  const { id } = ends.received.find((frame) => frame.type === 'find') as { id: number }
  ends.answer({ type: 'refused', id, reason: 'busy', text: '' })
  expect(await found).toBeUndefined()
  expect(ends.events.onRefused).toHaveBeenCalledWith(ends.stream, 'busy')
})

test('presence stream: a hold gives the leases that were taken, and none of those that were refused', async () => {
  const ends = await openStream()
  const leases = [1, 2, 3].map((byte) => new Uint8Array(100).fill(byte))
  const taken = ends.stream.hold(leases)
  await arrives(ends, 'hold')
  const { sequence } = ends.received.find((frame) => frame.type === 'hold') as { sequence: number }
  ends.answer({ type: 'held', sequence, refused: [{ index: 1, reason: 'clock' }] })
  expect(await taken).toEqual([leases[0], leases[2]])
})

test('presence stream: leases that are not answered count as not taken, when the stream ends and after a while', async () => {
  const ends = await openStream({ heartbeatMs: 10, silentMs: 600_000 })
  const late = ends.stream.hold([new Uint8Array(100)])
  await arrives(ends, 'hold')
  const clock = vi.spyOn(performance, 'now').mockReturnValue(performance.now() + 60_000)
  try {
    expect(await late).toEqual([])
  } finally {
    clock.mockRestore()
  }
  expect(ends.stream.open).toBe(true)
  const orphaned = ends.stream.hold([new Uint8Array(100)])
  ends.stream.close()
  expect(await orphaned).toEqual([])
  expect(await ends.stream.hold([new Uint8Array(100)])).toEqual([])
})

test('presence stream: refused leases are reported, each with its reason', async () => {
  const ends = await openStream()
  ends.answer({
    type: 'held',
    sequence: 1,
    refused: [
      { index: 0, reason: 'clock' },
      { index: 7, reason: 'records' },
    ],
  })
  await waitFor(() => ends.events.onRefused.mock.calls.length === 2, 1_000, 'two refusals')
  expect(ends.events.onRefused.mock.calls.map(([, reason]) => reason)).toEqual(['clock', 'records'])
})

test('presence stream: a find ends with the signal, with the stream, and at once where both have ended', async () => {
  const ends = await openStream()
  const controller = new AbortController()
  const reason = new Error('enough')
  const aborted = ends.stream.find(KEY, 1, SCOPE.own, { signal: controller.signal })
  const orphaned = ends.stream.find(KEY, 1, SCOPE.own, { signal: AbortSignal.timeout(5_000) })
  controller.abort(reason)
  await expect(aborted).rejects.toBe(reason)
  ends.stream.close()
  expect(await orphaned).toBeUndefined()
  expect(await ends.stream.find(KEY, 1, SCOPE.own, { signal: AbortSignal.timeout(5_000) })).toBeUndefined()
  await expect(ends.stream.find(KEY, 1, SCOPE.own, { signal: controller.signal })).rejects.toBe(reason)
})

test('presence stream: a count for a key that is not watched is ignored', async () => {
  const ends = await openStream()
  ends.stream.watch(KEY, SCOPE.own)
  ends.answer({ type: 'count', key: new Uint8Array(32), count: 9 })
  ends.answer({ type: 'count', key: KEY, count: 3 })
  await waitFor(() => ends.events.onCount.mock.calls.length === 1, 1_000, 'the count')
  expect(ends.events.onCount).toHaveBeenCalledWith(ends.stream, KEY, 3, 3)
  ends.stream.unwatch(KEY)
  ends.stream.unwatch(KEY)
  ends.answer({ type: 'count', key: KEY, count: 4 })
  await arrives(ends, 'unwatch')
  ends.answer(WELCOME)
  await ends.stream.welcomed
  expect(ends.events.onCount).toHaveBeenCalledTimes(1)
  expect(ends.received.filter(({ type }) => type === 'unwatch')).toHaveLength(1)
})

test('presence stream: a frame that breaks the layout ends it once', async () => {
  const ends = await openStream()
  ends.remote.send([22, new Uint8Array(31), 1])
  await waitFor(() => ends.events.onEnd.mock.calls.length > 0, 1_000, 'the end')
  expect(ends.events.onEnd).toHaveBeenCalledTimes(1)
  expect(ends.stream.open).toBe(false)
})

test('presence stream: a probe is answered at once, without a timer, since those of a hidden tab sleep', async () => {
  const ends = await openStream()
  vi.useFakeTimers()
  onTestFinished(() => void vi.useRealTimers())
  ends.answer({ type: 'probe' })
  await vi.waitFor(() => expect(ends.received.at(-1)).toEqual({ type: 'probe-reply' }), 10_000)
})

test('presence stream: heartbeatMs is the time between heartbeats, and an answered stream stays open', async () => {
  const ends = await openStream({ heartbeatMs: 20, silentMs: 100 })
  let heartbeats = 0
  const timer = setInterval(() => {
    const heard = ends.received.filter(({ type }) => type === 'heartbeat').length
    for (; heartbeats < heard; heartbeats++) ends.answer({ type: 'heartbeat-reply' })
  }, 5)
  try {
    await arrives(ends, 'heartbeat', 15)
    expect(ends.stream.open).toBe(true)
  } finally {
    clearInterval(timer)
  }
})

test('presence stream: silentMs is how long a heartbeat may go unanswered', async () => {
  vi.useFakeTimers()
  onTestFinished(() => void vi.useRealTimers())
  const ends = await openStream({ heartbeatMs: 20, silentMs: 100 })
  await vi.advanceTimersByTimeAsync(119)
  expect(ends.stream.open).toBe(true)
  await vi.advanceTimersByTimeAsync(21)
  expect(ends.stream.open).toBe(false)
  expect(ends.onSilent).toHaveBeenCalledTimes(1)
  expect(ends.events.onEnd).toHaveBeenCalledTimes(1)
})

/** Both ends' timers are the test's. @returns heartbeats so far; all are answered but where the far end is silent */
async function openBeating(rests: (ends: Ends) => boolean) {
  const ends = await openStream({ role: 'node', heartbeatMs: 3_000, silentMs: 9_000 })
  ends.events.letsRest.mockImplementation(() => rests(ends))
  let answered = 0
  const heard = () => ends.received.filter(({ type }) => type === 'heartbeat').length
  return {
    ends,
    heard,
    async pass(ms: number, isSilent = false) {
      for (let passed = 0; passed < ms; passed += 100) {
        await vi.advanceTimersByTimeAsync(100)
        if (isSilent) continue
        for (const beats = heard(); answered < beats; answered++) ends.answer({ type: 'heartbeat-reply' })
      }
    },
  }
}

test('presence stream: one that rests has a heartbeat in five times as long, and one at once when it rests no longer', async () => {
  vi.useFakeTimers()
  onTestFinished(() => void vi.useRealTimers())
  let isFar = true
  const resting = createResting(() => isFar, {})
  const { ends, heard, pass } = await openBeating(({ stream }) => resting.rests(stream))
  resting.onGroup(ends.stream, { letsRest: true })
  await pass(65_000)
  expect(heard()).toBe(4)
  isFar = false
  await pass(1_600)
  expect(heard()).toBe(5)
  await pass(30_000)
  expect(heard()).toBe(15)
})

test('presence stream: a server that falls silent is noticed as soon as ever where a lease was told, though the stream rested', async () => {
  vi.useFakeTimers()
  onTestFinished(() => void vi.useRealTimers())
  const resting = createResting(() => true, {})
  const noticedMs = async (isTold: boolean) => {
    const { ends, pass } = await openBeating(({ stream }) => resting.rests(stream))
    resting.onGroup(ends.stream, { letsRest: true })
    ends.events.onHold.mockImplementation(resting.onHold)
    await pass(16_000)
    if (isTold) void ends.stream.hold([new Uint8Array(100)])
    let silentMs = 0
    for (; ends.stream.open; silentMs += 100) await pass(100, true)
    return silentMs
  }
  // Three seconds until a heartbeat, nine for its answer, and a turn of the timer.
  expect(await noticedMs(true)).toBeLessThanOrEqual(13_500)
  expect(await noticedMs(false)).toBeLessThanOrEqual(25_500)
})

test('presence stream: an end that hears nothing for quietMs sends a heartbeat then, and one that is probed sends none more', async () => {
  vi.useFakeTimers()
  onTestFinished(() => void vi.useRealTimers())
  const options = { heartbeatMs: 15_000, quietMs: 6_000, silentMs: 4_500 }
  const [cut, probed] = [await openStream(options), await openStream(options)]
  const heard = ({ received }: typeof cut) => received.filter(({ type }) => type === 'heartbeat').length
  for (let ms = 0; ms < 14_000; ms += 4_000) {
    await vi.advanceTimersByTimeAsync(4_000)
    probed.answer({ type: 'probe' })
  }
  expect([heard(cut), heard(probed)]).toEqual([2, 1])
  expect([cut.stream.open, probed.stream.open]).toEqual([false, true])
})

test('presence stream: a page that was frozen for a minute does not take its own sleep for an idle peer', async () => {
  const ends = await openStream({ heartbeatMs: 20, silentMs: 1_000 })
  await arrives(ends, 'heartbeat')
  ends.answer({ type: 'heartbeat-reply' })
  await arrives(ends, 'heartbeat', 3)
  for (let i = 0; i < 3; i++) ends.answer({ type: 'heartbeat-reply' })
  ends.answer(WELCOME)
  await ends.stream.welcomed
  const later = performance.now() + 60_000
  const clock = vi.spyOn(performance, 'now').mockReturnValue(later)
  try {
    await arrives(ends, 'heartbeat', 5)
    expect(ends.stream.open).toBe(true)
  } finally {
    clock.mockRestore()
  }
})

test('presence stream: the server’s time is heard with each heartbeat, when it is asked for, and unasked', async () => {
  const ends = await openStream({ heartbeatMs: 20 })
  ends.answer({ ...WELCOME, nowMs: 1 } as PresenceFrame)
  await arrives(ends, 'heartbeat')
  ends.answer({ type: 'heartbeat-reply', nowMs: 2 })
  ends.answer({ type: 'heartbeat-reply' })
  ends.answer({ type: 'heartbeat-reply', nowMs: 3 })
  await waitFor(() => ends.events.onTime.mock.calls.length === 3, 1_000, 'three times')
  expect(ends.events.onTime.mock.calls.map(([, nowMs]) => nowMs)).toEqual([1, 2, 3])
  for (const [, , askedAtMs] of ends.events.onTime.mock.calls) expect(performance.now() - askedAtMs).toBeGreaterThanOrEqual(0)
  const asked = await openStream()
  asked.stream.askTime()
  await arrives(asked, 'heartbeat')
})
