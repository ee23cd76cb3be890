import { streamPair } from '@libp2p/utils'
import { afterEach, beforeAll, expect, onTestFinished, test, vi } from 'vitest'
import type { FrameStream } from '../../node/network/index.ts'
import { createLink, type Link, type LinkEvents, type LinkOptions } from '../../node/rendezvous/link.ts'
import { MAX_LEASES_PER_FRAME, MAX_RELEASES_PER_FRAME, type PresenceFrame, SCOPE } from '../../node/rendezvous/wire.ts'
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
  link: Link
  /** Frames that the link sent. */
  received: PresenceFrame[]
  answer(frame: PresenceFrame): boolean
  remote: FrameStream
  events: { [Name in keyof LinkEvents]: ReturnType<typeof vi.fn> }
}

const links: Link[] = []
afterEach(() => {
  for (const link of links.splice(0)) link.close()
})

/** A link, and its answering end in the test's hand. */
async function openLink(options: Partial<LinkOptions> = {}): Promise<Ends> {
  const [outbound, inbound] = await streamPair({ delay: 0 })
  const { received, send, frames: remote } = createRawStream(inbound, PRESENCE_CODEC)
  const events = { onWelcome: vi.fn(), onCount: vi.fn(), onRefused: vi.fn(), onSilent: vi.fn(), onEnd: vi.fn() }
  const link = createLink(peer.peer, outbound, { role: 'tab', addresses: [] }, events, { beatMs: 60_000, silentMs: 60_000, ...options })
  links.push(link)
  return { link, received, remote, answer: send, events }
}
const arrives = (ends: Ends, type: PresenceFrame['type'], count = 1) =>
  waitFor(() => ends.received.filter((frame) => frame.type === type).length >= count, 2_000, `${count} of ${type}`)

test('link: says hello first, and knows the other’s clock from the welcome', async () => {
  const ends = await openLink()
  await arrives(ends, 'hello')
  expect(ends.received).toEqual([{ type: 'hello', role: 'tab', addresses: [] }])
  vi.useFakeTimers({ toFake: ['Date'] })
  onTestFinished(() => void vi.useRealTimers())
  ends.answer({ ...WELCOME, nowMs: Date.now() + 3_600_000 } as PresenceFrame)
  expect(await ends.link.welcomed).toBe(3_600_000)
  expect(ends.events.onWelcome).toHaveBeenCalledTimes(1)
})

test('link: a second welcome ends it', async () => {
  const ends = await openLink()
  ends.answer(WELCOME)
  ends.answer(WELCOME)
  await waitFor(() => !ends.link.open, 1_000, 'the end')
  expect(ends.events.onWelcome).toHaveBeenCalledTimes(1)
})

test('link: one that ends without a welcome never was one', async () => {
  const ends = await openLink()
  ends.remote.close()
  await expect(ends.link.welcomed).rejects.toThrow()
  expect(ends.events.onEnd).toHaveBeenCalledTimes(1)
})

test('link: many leases and releases go in frames that the other end takes', async () => {
  const ends = await openLink()
  void ends.link.hold(Array(2 * MAX_LEASES_PER_FRAME + 1).fill(new Uint8Array(200)))
  ends.link.release(Array(MAX_RELEASES_PER_FRAME + 1).fill({ key: KEY, holder: peer.multihash }))
  await arrives(ends, 'release', 2)
  const holds = ends.received.filter((frame) => frame.type === 'hold')
  expect(holds.map(({ leases }) => leases.length)).toEqual([MAX_LEASES_PER_FRAME, MAX_LEASES_PER_FRAME, 1])
  expect(new Set(holds.map(({ sequence }) => sequence)).size).toBe(3)
})

test('link: finds are answered by their id, in whatever order', async () => {
  const ends = await openLink()
  const signal = AbortSignal.timeout(5_000)
  const finds = [1, 2, 3].map((limit) => ends.link.find(KEY, limit, SCOPE.own, { signal }))
  await arrives(ends, 'find', 3)
  const asked = ends.received.filter((frame) => frame.type === 'find')
  for (const { id, limit } of asked.toReversed()) ends.answer({ ...FOUND, id, count: limit } as PresenceFrame)
  ends.answer({ ...FOUND, id: 999 } as PresenceFrame)
  expect((await Promise.all(finds)).map((found) => found?.count)).toEqual([1, 2, 3])
})

test('link: a refused find gives nothing, and the refusal is told', async () => {
  const ends = await openLink()
  const found = ends.link.find(KEY, 1, SCOPE.network, { signal: AbortSignal.timeout(5_000) })
  await arrives(ends, 'find')
  const { id } = ends.received.find((frame) => frame.type === 'find') as { id: number }
  ends.answer({ type: 'refused', id, reason: 'busy', text: '' })
  expect(await found).toBeUndefined()
  expect(ends.events.onRefused).toHaveBeenCalledWith(ends.link, 'busy')
})

test('link: a hold gives the leases that were taken, and none of those that were refused', async () => {
  const ends = await openLink()
  const leases = [1, 2, 3].map((byte) => new Uint8Array(100).fill(byte))
  const taken = ends.link.hold(leases)
  await arrives(ends, 'hold')
  const { sequence } = ends.received.find((frame) => frame.type === 'hold') as { sequence: number }
  ends.answer({ type: 'held', sequence, refused: [{ index: 1, reason: 'clock' }] })
  expect(await taken).toEqual([leases[0], leases[2]])
})

test('link: leases that are not answered count as not taken, when the link ends and after a while', async () => {
  const ends = await openLink({ beatMs: 10, silentMs: 600_000 })
  const late = ends.link.hold([new Uint8Array(100)])
  await arrives(ends, 'hold')
  const clock = vi.spyOn(Date, 'now').mockReturnValue(Date.now() + 60_000)
  try {
    expect(await late).toEqual([])
  } finally {
    clock.mockRestore()
  }
  expect(ends.link.open).toBe(true)
  const orphaned = ends.link.hold([new Uint8Array(100)])
  ends.link.close()
  expect(await orphaned).toEqual([])
  expect(await ends.link.hold([new Uint8Array(100)])).toEqual([])
})

test('link: refused leases are told, each with its reason', async () => {
  const ends = await openLink()
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

test('link: a find ends with the signal, with the link, and at once where both have ended', async () => {
  const ends = await openLink()
  const controller = new AbortController()
  const reason = new Error('enough')
  const aborted = ends.link.find(KEY, 1, SCOPE.own, { signal: controller.signal })
  const orphaned = ends.link.find(KEY, 1, SCOPE.own, { signal: AbortSignal.timeout(5_000) })
  controller.abort(reason)
  await expect(aborted).rejects.toBe(reason)
  ends.link.close()
  expect(await orphaned).toBeUndefined()
  expect(await ends.link.find(KEY, 1, SCOPE.own, { signal: AbortSignal.timeout(5_000) })).toBeUndefined()
  await expect(ends.link.find(KEY, 1, SCOPE.own, { signal: controller.signal })).rejects.toBe(reason)
})

test('link: a count for a key that is not watched is not heard', async () => {
  const ends = await openLink()
  ends.link.watch(KEY, SCOPE.own)
  ends.answer({ type: 'count', key: new Uint8Array(32), count: 9 })
  ends.answer({ type: 'count', key: KEY, count: 3 })
  await waitFor(() => ends.events.onCount.mock.calls.length === 1, 1_000, 'the count')
  expect(ends.events.onCount).toHaveBeenCalledWith(ends.link, KEY, 3)
  ends.link.unwatch(KEY)
  ends.link.unwatch(KEY)
  ends.answer({ type: 'count', key: KEY, count: 4 })
  await arrives(ends, 'unwatch')
  ends.answer(WELCOME)
  await ends.link.welcomed
  expect(ends.events.onCount).toHaveBeenCalledTimes(1)
  expect(ends.received.filter(({ type }) => type === 'unwatch')).toHaveLength(1)
})

test('link: a frame that breaks the layout ends it once', async () => {
  const ends = await openLink()
  ends.remote.send([22, new Uint8Array(31), 1])
  await waitFor(() => ends.events.onEnd.mock.calls.length > 0, 1_000, 'the end')
  expect(ends.events.onEnd).toHaveBeenCalledTimes(1)
  expect(ends.link.open).toBe(false)
})

test('link: beatMs is the time between beats, and one that is answered goes on', async () => {
  const ends = await openLink({ beatMs: 20, silentMs: 100 })
  let beats = 0
  const timer = setInterval(() => {
    const heard = ends.received.filter(({ type }) => type === 'beat').length
    for (; beats < heard; beats++) ends.answer({ type: 'beat-back' })
  }, 5)
  try {
    await arrives(ends, 'beat', 15)
    expect(ends.link.open).toBe(true)
  } finally {
    clearInterval(timer)
  }
})

test('link: silentMs is how long a beat may go unanswered', async () => {
  vi.useFakeTimers()
  onTestFinished(() => void vi.useRealTimers())
  const ends = await openLink({ beatMs: 20, silentMs: 100 })
  await vi.advanceTimersByTimeAsync(119)
  expect(ends.link.open).toBe(true)
  await vi.advanceTimersByTimeAsync(21)
  expect(ends.link.open).toBe(false)
  expect(ends.events.onSilent).toHaveBeenCalledTimes(1)
  expect(ends.events.onEnd).toHaveBeenCalledTimes(1)
})

test('link: a page that was frozen for a minute does not take its own sleep for the other’s silence', async () => {
  const ends = await openLink({ beatMs: 20, silentMs: 1_000 })
  await arrives(ends, 'beat')
  ends.answer({ type: 'beat-back' })
  await arrives(ends, 'beat', 3)
  for (let i = 0; i < 3; i++) ends.answer({ type: 'beat-back' })
  ends.answer(WELCOME)
  await ends.link.welcomed
  const later = Date.now() + 60_000
  const clock = vi.spyOn(Date, 'now').mockReturnValue(later)
  try {
    await arrives(ends, 'beat', 5)
    expect(ends.link.open).toBe(true)
  } finally {
    clock.mockRestore()
  }
})
