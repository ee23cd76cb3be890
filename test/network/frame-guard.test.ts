/** The guard in front of the muxer, against a peer that writes the muxer's frames by hand. Small amounts, and small limits. */

import type { Stream } from '@libp2p/interface'
import { multiaddrConnectionPair } from '@libp2p/utils'
import { expect, onTestFinished, test } from 'vitest'
import type { FrameGuardOptions } from '../../node/network/frame-guard.ts'
import { frugalYamux } from '../../node/network/muxer.ts'
import { waitFor } from '../helpers/wait-for.ts'

const DATA = 0
const WINDOW_UPDATE = 1
const PING = 2
const SYN = 1
const RST = 8

function frame(type: number, flags: number, stream: number, length: number, carried: number = 0): Uint8Array {
  const bytes = new Uint8Array(12 + carried)
  const view = new DataView(bytes.buffer)
  view.setUint8(1, type)
  view.setUint16(2, flags)
  view.setUint32(4, stream)
  view.setUint32(8, length)
  return bytes
}
const ping = (id: number) => frame(PING, SYN, 0, id)
const data = (stream: number, bytes: number) => frame(DATA, 0, stream, bytes, bytes)

/** A guarded muxer, and the other end of its connection. */
function connectStranger(limits: FrameGuardOptions, capacity?: number) {
  const [stranger, connection] = multiaddrConnectionPair(capacity === undefined ? {} : { capacity })
  const muxer = frugalYamux({ enableKeepAlive: false }, limits)().createStreamMuxer(connection)
  /** Ids of the pings that were answered. */
  const answers: number[] = []
  stranger.addEventListener('message', ({ data: bytes }) => {
    const { buffer, byteOffset, byteLength } = bytes.subarray()
    for (let at = 0; at < byteLength; at += 12) answers.push(new DataView(buffer, byteOffset + at).getUint32(8))
  })
  onTestFinished(() => {
    stranger.abort(new Error('the test is over'))
    muxer.abort(new Error('the test is over'))
  })
  return { stranger, connection, muxer, answers }
}

/** Sends one frame a turn while the connection is open. */
async function sendWhileOpen(
  connection: { status: string; send(bytes: Uint8Array): boolean },
  next: (i: number) => Uint8Array,
): Promise<void> {
  for (let i = 1; connection.status === 'open' && i < 20_000; i++) {
    connection.send(next(i))
    await new Promise((resolve) => setImmediate(resolve))
  }
}

const EMPTY: [string, (i: number) => Uint8Array][] = [
  ['pings', ping],
  ['window updates for streams that are not there', (i) => frame(WINDOW_UPDATE, 0, 2 * i + 1, 1)],
  ['resets of streams that are not there', (i) => frame(WINDOW_UPDATE, RST, 2 * i + 1, 0)],
  ['streams that are opened and reset', (i) => frame(WINDOW_UPDATE, i % 2 === 1 ? SYN : RST, 2 * Math.ceil(i / 2) + 1, 0)],
  ['data frames without data', (i) => data(2 * i + 1, 0)],
  ['data frames of one byte', (i) => data(2 * i + 1, 1)],
  ['pieces of a header', () => new Uint8Array(1)],
]

test.each(EMPTY)('frame guard: %s: a peer that sends them on and on is slowed, then cut', async (_what, next) => {
  const { stranger, connection } = connectStranger({ burst: 64, perSecond: 20, maxSlowedMs: 100 })
  await sendWhileOpen(stranger, next)
  await waitFor(() => connection.status === 'aborted', 5_000, 'the connection is cut')
})

test('frame guard: a peer over its allowance for a moment is slowed, and nothing of it is lost', async () => {
  const { stranger, connection, answers } = connectStranger({ burst: 20, perSecond: 100, maxSlowedMs: 60_000 })
  for (let i = 0; i < 40; i++) stranger.send(ping(i))
  await waitFor(() => answers.length === 40, 5_000, 'all pings are answered')
  expect(connection.status).toBe('open')
})

test('frame guard: a stream that carries data pays for its own window updates and ends', async () => {
  const { stranger, connection, muxer } = connectStranger({ burst: 8, perSecond: 1, maxSlowedMs: 10 })
  muxer.addEventListener('stream', ({ detail: stream }: CustomEvent<Stream>) => {
    for (let i = 0; i < 2; i++) stream.send(new Uint8Array(100))
  })
  for (let id = 1; id < 100; id += 2) {
    stranger.send(frame(WINDOW_UPDATE, SYN, id, 0))
    await new Promise((resolve) => setImmediate(resolve))
    for (const flags of [0, 0, RST]) stranger.send(frame(WINDOW_UPDATE, flags, id, 0))
    await new Promise((resolve) => setImmediate(resolve))
  }
  expect(connection.status).toBe('open')
})

test('frame guard: maxUnsentBytes: a peer that reads nothing of what the muxer answers by itself is cut', async () => {
  const { stranger, connection } = connectStranger({ maxUnsentBytes: 1_200 }, 1)
  stranger.pause()
  await sendWhileOpen(stranger, ping)
  expect(connection.status).toBe('aborted')
  expect(connection.writeBufferLength).toBeLessThan(1_200)
})

test('frame guard: maxFrameBytes: a longer data frame ends the connection at its header', async () => {
  const { stranger, connection } = connectStranger({ maxFrameBytes: 1_000 })
  stranger.send(frame(DATA, 0, 1, 1_001))
  await waitFor(() => connection.status === 'aborted', 5_000, 'the connection is cut')
})

test('frame guard: many frames in one message are handled in several turns, in order', async () => {
  const { stranger, answers } = connectStranger({})
  const pings = Array.from({ length: 1_000 }, (_, i) => ping(i))
  stranger.send(new Uint8Array(pings.flatMap((bytes) => [...bytes])))
  const seen: number[] = []
  while (answers.length < 1_000) {
    seen.push(answers.length)
    await new Promise((resolve) => setImmediate(resolve))
  }
  expect(new Set(seen).size).toBeGreaterThan(2)
  expect(answers).toEqual([...Array(1_000).keys()])
})

test('frame guard: what came before the end of the connection is handled before its end', async () => {
  const { stranger, muxer } = connectStranger({})
  let received = 0
  muxer.addEventListener('stream', ({ detail: stream }: CustomEvent<Stream>) => {
    stream.addEventListener('message', ({ data: bytes }) => (received += bytes.byteLength))
  })
  stranger.send(
    new Uint8Array([frame(WINDOW_UPDATE, SYN, 1, 0), ...Array.from({ length: 500 }, () => data(1, 20))].flatMap((bytes) => [...bytes])),
  )
  await stranger.close()
  await waitFor(() => muxer.status === 'closed', 5_000, 'the muxer has ended')
  expect(received).toBe(500 * 20)
})
