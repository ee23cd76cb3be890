/** Layers that call each other straight, beside the library's own: the same bytes, and nothing lost where something waits. */

import type { MultiaddrConnection, Stream, StreamMuxerFactory } from '@libp2p/interface'
import { defaultLogger } from '@libp2p/logger'
import { multiaddrConnectionPair } from '@libp2p/utils'
import { expect, onTestFinished, test } from 'vitest'
import { createFrameStream, type Frame, type FrameStream } from '../../node/network/index.ts'
import { frugalYamux } from '../../node/network/muxer.ts'
import { createNoise } from '../../node/network/noise.ts'
import { straightenLayers } from '../../node/network/straight-layers.ts'
import { createSeededPeer } from '../helpers/seeded-peer.ts'
import { waitFor } from '../helpers/wait-for.ts'

const WINDOW = 262_144
/** Some go straight, some the library's way. */
const SIZES = [0, 1, 300, 1_199, 1_200, 16_000, 17_000, 300, 70_000, 5]

async function createEnd(seed: number, isStraight: boolean) {
  const { peer: peerId, privateKey } = await createSeededPeer(seed)
  const upgrader = { getStreamMuxers: () => new Map() } as never
  const noise = createNoise({})({ peerId, privateKey, upgrader, logger: defaultLogger() })
  const muxers: StreamMuxerFactory = frugalYamux({
    enableKeepAlive: false,
    streamOptions: { initialStreamWindowSize: WINDOW, maxStreamWindowSize: WINDOW },
  })()
  if (isStraight) straightenLayers(noise, new Map([[muxers.protocol, muxers]]))
  return { peerId, noise, muxers }
}

interface End {
  connection: MultiaddrConnection
  frames: FrameStream
  heard: Frame[]
  ends: (Error | undefined)[]
}

function createEndFrames(connection: MultiaddrConnection, stream: Stream): End {
  const end = { connection, heard: [], ends: [] } as unknown as End
  end.frames = createFrameStream(stream, {
    maxFrameBytes: 1_000_000,
    maxUnsentBytes: 100_000_000,
    isCorked: true,
    onFrame: (frame) => end.heard.push(frame),
    onEnd: (reason) => end.ends.push(reason),
  })
  return end
}

async function connect(areStraight: readonly [boolean, boolean], capacity?: number) {
  const [a, b] = [await createEnd(1, areStraight[0]), await createEnd(2, areStraight[1])]
  const [near, far] = multiaddrConnectionPair(capacity === undefined ? {} : { capacity })
  const [{ connection: out }, { connection: into }] = await Promise.all([
    a.noise.secureOutbound(near, { remotePeer: b.peerId, skipStreamMuxerNegotiation: true }),
    b.noise.secureInbound(far, { remotePeer: a.peerId, skipStreamMuxerNegotiation: true }),
  ])
  const [client, server] = [a.muxers.createStreamMuxer(out), b.muxers.createStreamMuxer(into)]
  onTestFinished(() => {
    client.abort(new Error('the test is over'))
    server.abort(new Error('the test is over'))
  })
  const opened = new Promise<End>((resolve) => {
    server.addEventListener('stream', ({ detail: stream }: CustomEvent<Stream>) => resolve(createEndFrames(far, stream)))
  })
  const one = createEndFrames(near, await client.createStream())
  one.frames.send([0])
  const other = await opened
  await waitFor(() => other.heard.length === 1, 5_000, 'the first frame')
  other.heard.length = 0
  return { one, other }
}

const frameOf = (size: number, i: number): Frame => [i, new Uint8Array(size).fill(size)]

/** Sends all sizes a few times: each by itself, and several in one turn. */
async function sendAll(from: End, to: End): Promise<void> {
  const frames = [...SIZES, ...SIZES, ...SIZES].map(frameOf)
  for (const [i, frame] of frames.entries()) {
    from.frames.send(frame)
    if (i < SIZES.length) await new Promise((resolve) => setImmediate(resolve))
  }
  await waitFor(() => to.heard.length === frames.length, 5_000, 'all have come')
  expect(to.heard).toEqual(frames)
  to.heard.length = 0
}

test.each([
  [true, true],
  [true, false],
  [false, true],
] as const)('straight layers: they understand each other and the library (%s, %s)', async (...areStraight) => {
  const { one, other } = await connect(areStraight)
  await sendAll(one, other)
  await sendAll(other, one)
  one.frames.close()
  await waitFor(() => other.ends.length === 1, 5_000, 'the end is told')
  expect(other.ends).toEqual([undefined])
})

test('straight layers: a reader that pauses gets all that came meanwhile, in order', async () => {
  const { one, other } = await connect([true, true])
  other.frames.pause()
  const frames = Array.from({ length: 2_000 }, (_, i) => frameOf(300, i))
  for (const frame of frames) {
    one.frames.send(frame)
    if (Number(frame[0]) % 100 === 0) await new Promise((resolve) => setImmediate(resolve))
  }
  expect(other.heard).toEqual([])
  other.frames.resume()
  await waitFor(() => other.heard.length === frames.length, 5_000, 'all have come')
  expect(other.heard).toEqual(frames)
})

test('straight layers: a socket that takes little at once loses nothing', async () => {
  const { one, other } = await connect([true, true], 2_000)
  await sendAll(one, other)
})

test('straight layers: messages that come in pieces, and several in one piece, are read', async () => {
  const { one, other } = await connect([true, true])
  const whole: Uint8Array[] = []
  one.connection.send = (data) => whole.push(data.slice()) > 0
  const frames = [...SIZES, ...SIZES].map(frameOf)
  for (const frame of frames) {
    one.frames.send(frame)
    one.frames.flush()
  }
  const bytes = Buffer.concat(whole)
  const { onData } = other.connection as unknown as { onData(data: Uint8Array): void }
  for (let at = 0, i = 0; at < bytes.byteLength; i++) {
    const size = [1, 2, 700, 5_000, 3, 100_000][i % 6] as number
    onData.call(other.connection, Uint8Array.from(bytes.subarray(at, at + size)))
    at += size
  }
  await waitFor(() => other.heard.length === frames.length, 5_000, 'all have come')
  expect(other.heard).toEqual(frames)
})

test('straight layers: a message that was changed on its way ends the connection', async () => {
  const { one, other } = await connect([true, true])
  const send = one.connection.send.bind(one.connection)
  one.connection.send = (data) => {
    const changed = data.slice()
    changed[20] = (changed[20] ?? 0) ^ 1
    return send(changed)
  }
  one.frames.send(frameOf(300, 1))
  await waitFor(() => other.ends.length === 1, 5_000, 'the stream has ended')
  expect(other.connection.status).toBe('aborted')
  expect(other.heard).toEqual([])
})
