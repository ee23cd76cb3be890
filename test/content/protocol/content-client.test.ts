import { beforeAll, expect, onTestFinished, test, vi } from 'vitest'
import { type ContentClient, type ContentReply, createContentClient } from '../../../node/content/protocol/content-client.ts'
import type { RequestTarget } from '../../../node/content/protocol/content-streams.ts'
import { ASK_SCOPE, CHUNK_BYTES, type ContentFrame } from '../../../node/content/protocol/wire.ts'
import { createRawNetwork } from '../../helpers/raw-network.ts'
import { CONTENT_CODEC, type RawStream } from '../../helpers/raw-stream.ts'
import { createSeededPeer, type SeededPeer } from '../../helpers/seeded-peer.ts'
import { waitFor } from '../../helpers/wait-for.ts'

const KEY = new Uint8Array(32).fill(1)
const MAX_CONTENT_BYTES = 262_144
const STALL_MS = 5_000

let peer: SeededPeer
let other: SeededPeer
beforeAll(async () => {
  ;[peer, other] = (await Promise.all([1, 2].map(createSeededPeer))) as [SeededPeer, SeededPeer]
})

interface Remote {
  client: ContentClient
  target(options?: Partial<RequestTarget>): RequestTarget
  ask(options?: { stallMs?: number; signal?: AbortSignal }): Promise<ContentReply>
  received: ContentFrame[]
  /** The id of the newest request, once it has come. */
  asked(count?: number): Promise<number>
  answer(frame: ContentFrame): boolean
  streams: RawStream<ContentFrame>[]
  dialled: string[][]
}

interface RemoteOptions {
  /** Before the stream is there. */
  opening?: () => Promise<void>
  /** The peer that answers at the address. */
  remotePeer?: SeededPeer
}

/** The client, and a server that the test plays. */
function createRemote({ opening, remotePeer = peer }: RemoteOptions = {}): Remote {
  const received: ContentFrame[] = []
  const { libp2p, dialled, streams } = createRawNetwork(CONTENT_CODEC, {
    ...(opening && { onDial: opening }),
    remotePeer: remotePeer.peer,
    onFrame: (frame) => received.push(frame),
  })
  const client = createContentClient({ libp2p, maxWholeBytes: MAX_CONTENT_BYTES })
  const target = (options: Partial<RequestTarget> = {}) => ({
    peer: peer.id,
    addresses: [],
    scope: ASK_SCOPE.own,
    stallMs: STALL_MS,
    ...options,
  })
  return {
    client,
    target,
    ask: ({ stallMs = STALL_MS, signal = AbortSignal.timeout(20_000) } = {}) => client.request(target({ stallMs }), KEY, { signal }),
    received,
    async asked(count = 1) {
      const asks = () => received.filter((frame) => frame.type === 'ask')
      await waitFor(() => asks().length >= count, 2_000, `${count} requests`)
      return asks().at(-1)?.id as number
    },
    answer: (frame) => streams.at(-1)?.send(frame) ?? false,
    streams,
    dialled,
  }
}

const bytesOf = (size: number) => Uint8Array.from({ length: size }, (_, i) => i % 251)
function chunks(id: number, whole: Uint8Array): ContentFrame[] {
  const frames: ContentFrame[] = []
  for (let at = 0; at === 0 || at < whole.byteLength; at += CHUNK_BYTES)
    frames.push({ type: 'chunk', id, total: whole.byteLength, bytes: whole.subarray(at, at + CHUNK_BYTES) })
  return frames
}

test.each([0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 2 * CHUNK_BYTES, MAX_CONTENT_BYTES])(
  'content client: puts %i bytes together as they were',
  async (size) => {
    const remote = createRemote()
    const result = remote.ask()
    const whole = bytesOf(size)
    for (const frame of chunks(await remote.asked(), whole)) remote.answer(frame)
    const got = (await result) as { bytes: Uint8Array }
    expect(Buffer.from(got.bytes).equals(whole)).toBe(true)
  },
)

test('content client: many requests on one stream are answered each by its own chunks', async () => {
  const remote = createRemote()
  const sizes = [70_000, 10, 140_000]
  const results = sizes.map(() => remote.ask())
  await remote.asked(3)
  const ids = remote.received.map(({ id }) => id)
  const frames = sizes.map((size, i) => chunks(ids[i] as number, bytesOf(size)))
  for (let round = 0; round < 3; round++) for (const each of frames) if (each[round]) remote.answer(each[round] as ContentFrame)
  const got = (await Promise.all(results)) as { bytes: Uint8Array }[]
  expect(got.map(({ bytes }) => bytes.byteLength)).toEqual(sizes)
  expect(remote.dialled).toHaveLength(1)
})

test('content client: the reason of a refusal is passed on', async () => {
  const remote = createRemote()
  const result = remote.ask()
  remote.answer({ type: 'none', id: await remote.asked(), reason: 'unavailable' })
  expect(await result).toEqual({ none: 'unavailable' })
})

test.each<[string, (id: number) => ContentFrame[]]>([
  ['more than it promised', (id) => [{ type: 'chunk', id, total: 5, bytes: new Uint8Array(6) }]],
  ['more than the limit', (id) => [{ type: 'chunk', id, total: MAX_CONTENT_BYTES + 1, bytes: new Uint8Array(CHUNK_BYTES) }]],
  [
    'another total while sending',
    (id) => [
      { type: 'chunk', id, total: 100_000, bytes: new Uint8Array(CHUNK_BYTES) },
      { type: 'chunk', id, total: 100_001, bytes: new Uint8Array(100_001 - CHUNK_BYTES) },
    ],
  ],
  ['crumbs', (id) => [{ type: 'chunk', id, total: 100_000, bytes: new Uint8Array(1) }]],
  ['an empty chunk', (id) => [{ type: 'chunk', id, total: 5, bytes: new Uint8Array() }]],
  ['a last chunk that is not all of the rest', (id) => [{ type: 'chunk', id, total: 5, bytes: new Uint8Array(4) }]],
])('content client: %s is a broken answer, and is cancelled', async (_, frames) => {
  const remote = createRemote()
  const result = remote.ask()
  const id = await remote.asked()
  for (const frame of frames(id)) remote.answer(frame)
  expect(await result).toHaveProperty('broken')
  await waitFor(() => remote.received.some((frame) => frame.type === 'cancel' && frame.id === id), 1_000, 'the cancel')
})

test('content client: stallMs is how long nothing may arrive, from the request on and between chunks', async () => {
  vi.useFakeTimers()
  onTestFinished(() => void vi.useRealTimers())
  const remote = createRemote()
  const replies: ContentReply[] = []
  void remote.ask({ stallMs: 60 }).then((reply) => replies.push(reply))
  await vi.advanceTimersByTimeAsync(59)
  expect(replies).toEqual([])
  await vi.advanceTimersByTimeAsync(15)
  expect(replies).toEqual([{ broken: expect.anything() }])
  void remote.ask({ stallMs: 100 }).then((reply) => replies.push(reply))
  await vi.advanceTimersByTimeAsync(90)
  const [first] = chunks(await remote.asked(2), bytesOf(100_000)) as [ContentFrame]
  remote.answer(first)
  await vi.advanceTimersByTimeAsync(90)
  expect(replies).toHaveLength(1)
  await vi.advanceTimersByTimeAsync(50)
  expect(replies).toEqual([{ broken: expect.anything() }, { broken: expect.anything() }])
})

test('content client: an answer that keeps coming may take longer than stallMs', async () => {
  vi.useFakeTimers()
  onTestFinished(() => void vi.useRealTimers())
  const remote = createRemote()
  const stallMs = 1_000
  const result = remote.ask({ stallMs })
  await vi.advanceTimersByTimeAsync(1)
  const frames = chunks(await remote.asked(), bytesOf(MAX_CONTENT_BYTES))
  expect(frames.length).toBeGreaterThan(2)
  for (const frame of frames) {
    await vi.advanceTimersByTimeAsync(0.8 * stallMs)
    remote.answer(frame)
  }
  expect(await result).toHaveProperty('bytes')
})

test('content client: an aborted request rejects with the reason, and cancels the answer', async () => {
  const remote = createRemote()
  const controller = new AbortController()
  const result = remote.ask({ signal: controller.signal })
  const id = await remote.asked()
  const reason = new Error('enough')
  controller.abort(reason)
  await expect(result).rejects.toBe(reason)
  await waitFor(() => remote.received.some((frame) => frame.type === 'cancel' && frame.id === id), 1_000, 'the cancel')
  remote.answer({ type: 'chunk', id, total: 5, bytes: new Uint8Array(4) })
  const next = remote.ask()
  remote.answer({ type: 'none', id: await remote.asked(2), reason: 'busy' })
  expect(await next).toEqual({ none: 'busy' })
  await expect(remote.ask({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
})

test('content client: a request that has ended before its stream opened is not sent', async () => {
  const reached = Promise.withResolvers<void>()
  const remote = createRemote({ opening: () => reached.promise })
  expect(await remote.ask({ stallMs: 20 })).toHaveProperty('broken')
  reached.resolve()
  const next = remote.ask()
  remote.answer({ type: 'none', id: await remote.asked(), reason: 'not-held' })
  expect(await next).toEqual({ none: 'not-held' })
  expect(remote.received.filter(({ type }) => type === 'ask')).toHaveLength(1)
  expect(remote.dialled).toHaveLength(1)
})

test('content client: when the stream ends so do all its requests, and the next request opens another', async () => {
  const remote = createRemote()
  const results = [remote.ask(), remote.ask()]
  await remote.asked(2)
  remote.streams[0]?.frames.close()
  for (const result of results) expect(await result).toHaveProperty('unreachable')
  const next = remote.ask()
  remote.answer({ type: 'none', id: await remote.asked(3), reason: 'not-held' })
  expect(await next).toEqual({ none: 'not-held' })
  expect(remote.streams).toHaveLength(2)
})

test('content client: a peer that cannot be reached is dialled anew by the next request', async () => {
  let fails = 1
  const remote = createRemote({
    async opening() {
      if (fails-- > 0) throw new Error('nobody there')
    },
  })
  expect(await remote.ask()).toHaveProperty('unreachable')
  const next = remote.ask()
  remote.answer({ type: 'none', id: await remote.asked(), reason: 'not-held' })
  expect(await next).toEqual({ none: 'not-held' })
})

test('content client: another peer at the address is not asked', async () => {
  const remote = createRemote({ remotePeer: other })
  const target = remote.target({ addresses: ['/ip4/192.0.2.7/tcp/4000/ws'] })
  expect(await remote.client.request(target, KEY, { signal: AbortSignal.timeout(20_000) })).toHaveProperty('unreachable')
  expect(remote.streams).toEqual([])
})

test('content client: an address without a peer id is dialled with the one that was meant', async () => {
  const remote = createRemote()
  const given = ['/ip4/192.0.2.7/tcp/4000/ws', `/ip4/192.0.2.8/tcp/4000/ws/p2p/${peer.id}`]
  const result = remote.client.request(remote.target({ addresses: given }), KEY, { signal: AbortSignal.timeout(5_000) })
  remote.answer({ type: 'none', id: await remote.asked(), reason: 'not-held' })
  await result
  expect(remote.dialled).toEqual([[`/ip4/192.0.2.7/tcp/4000/ws/p2p/${peer.id}`, given[1]]])
})

test('content client: an address that cannot be parsed makes the peer unreachable', async () => {
  const remote = createRemote()
  const signal = AbortSignal.timeout(5_000)
  expect(await remote.client.request(remote.target({ addresses: ['nonsense'] }), KEY, { signal })).toHaveProperty('unreachable')
})
