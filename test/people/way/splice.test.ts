import type { Stream } from '@libp2p/interface'
import { expect, test } from 'vitest'
import { spliceStreams } from '../../../node/people/way/splice.ts'
import { createSplices } from '../../../node/people/way/splices.ts'
import { createMuxedStreams } from '../../helpers/muxed-streams.ts'
import { waitFor } from '../../helpers/wait-for.ts'

const WINDOW = 262_144

/** Two connections to a home, and a stream of each that the home splices. */
async function spliced(options: Partial<Parameters<typeof spliceStreams>[2]> = {}) {
  const [left, right] = [createMuxedStreams(), createMuxedStreams()]
  const [[a, atHomeA], [b, atHomeB]] = await Promise.all([left.open(), right.open()])
  const ended = { count: 0 }
  const splice = spliceStreams(atHomeA, atHomeB, {
    onBytes: () => 0,
    onStall() {},
    onEnd: () => void ended.count++,
    halfOpenMs: 60_000,
    ...options,
  })
  return { left, right, a, b, splice, ended }
}

function read(stream: Stream) {
  const heard = { bytes: 0, last: undefined as number | undefined, ends: [] as string[] }
  stream.addEventListener('message', ({ data }) => {
    heard.bytes += data.byteLength
    heard.last = data.subarray(data.byteLength - 1)[0]
  })
  stream.addEventListener('remoteCloseWrite', () => heard.ends.push('end'))
  stream.addEventListener('close', ({ error }) => heard.ends.push(error === undefined ? 'closed' : 'reset'))
  return heard
}

test('splice: an end comes after the last byte, and both streams are over once both ends have closed', async () => {
  const { a, b, ended } = await spliced()
  const [heardA, heardB] = [read(a), read(b)]
  a.send(new Uint8Array(100_000).fill(7))
  await a.close()
  await waitFor(() => heardB.ends.length === 1, 2_000, 'the end')
  expect(heardB).toMatchObject({ bytes: 100_000, last: 7, ends: ['end'] })
  b.send(new Uint8Array(50_000).fill(9))
  await b.close()
  await waitFor(() => ended.count === 1, 2_000, 'the splice is over')
  expect(heardA).toMatchObject({ bytes: 50_000, last: 9 })
  await waitFor(() => heardA.ends.includes('closed'), 2_000, 'closed')
})

test('splice: a reset is a reset at the other end, and so is a lost connection', async () => {
  const reset = await spliced()
  const heard = read(reset.b)
  reset.a.abort(new Error('gone'))
  await waitFor(() => heard.ends.length > 0, 2_000, 'the reset')
  expect(heard.ends).toEqual(['reset'])
  const lost = await spliced()
  const heardLost = read(lost.b)
  lost.left.abort()
  await waitFor(() => heardLost.ends.length > 0, 2_000, 'the loss')
  expect(heardLost.ends).toEqual(['reset'])
  expect([reset.ended.count, lost.ended.count]).toEqual([1, 1])
})

test('splice: an end that never closes its half is reset in time', async () => {
  const { a, b } = await spliced({ halfOpenMs: 50 })
  const heard = read(b)
  await a.close()
  await waitFor(() => heard.ends.includes('reset'), 2_000, 'the reset')
})

test('splice: little waits for a reader that is slow, however much is sent in small steps, and all of it arrives', async () => {
  const { a, b, splice } = await spliced()
  const heard = read(b)
  b.pause()
  const total = 24 * WINDOW
  let most = 0
  for (let sent = 0; sent < total; sent += 16_384) {
    if (!a.send(new Uint8Array(16_384).fill(sent === total - 16_384 ? 5 : 1)) && sent < 16 * WINDOW) {
      // A slow reader: it takes a little now and then.
      b.resume()
      b.pause()
    }
    await new Promise((resolve) => setImmediate(resolve))
    most = Math.max(most, splice.waitingBytes)
  }
  b.resume()
  await waitFor(
    () => heard.bytes === total,
    10_000,
    () => `all, got ${heard.bytes} of ${total}`,
  )
  expect(heard.last).toBe(5)
  expect(most).toBeLessThan(3 * WINDOW)
  expect(most).toBeGreaterThan(0)
})

test('splices: while too much waits, the streams of the peer with the most are ended, and those of others stay', async () => {
  const splices = createSplices({
    bytesPerSecond: () => 0,
    maxWaitingBytes: () => 4 * WINDOW,
    idleMs: 1e9,
    halfOpenMs: 1e9,
    now: (() => {
      let ms = 0
      return () => (ms += 1_000)
    })(),
  })
  const ends: string[] = []
  const open = async (keys: [string, string], bytes: number) => {
    const [[a, atHomeA], [b, atHomeB]] = await Promise.all([createMuxedStreams().open(), createMuxedStreams().open()])
    splices.add(atHomeA, atHomeB, keys, () => ends.push(keys[1]))
    b.addEventListener('message', () => {})
    b.pause()
    for (let sent = 0; sent < bytes; sent += 65_536) a.send(new Uint8Array(65_536))
    await new Promise((resolve) => setImmediate(resolve))
  }
  await open(['honest', 'slow'], 2 * WINDOW)
  for (let i = 0; i < 12; i++) await open([`flooder ${i}`, 'victim'], 3 * WINDOW)
  await waitFor(() => ends.length > 4, 5_000, 'the flood is cut')
  expect(new Set(ends)).toEqual(new Set(['victim']))
  expect(splices.counts.streams).toBe(13 - ends.length)
  splices.stop()
  expect(splices.counts.streams).toBe(0)
})

test('splices: a sender over its rate is read more slowly, and a stream that nobody uses is ended', async () => {
  let nowMs = 0
  const pauses: number[] = []
  const splices = createSplices({
    bytesPerSecond: () => 1_000,
    maxWaitingBytes: () => 1e9,
    idleMs: 1_000,
    halfOpenMs: 1e9,
    now: () => nowMs,
  })
  const [[a, atHomeA], [b, atHomeB]] = await Promise.all([createMuxedStreams().open(), createMuxedStreams().open()])
  const pause = atHomeA.pause.bind(atHomeA)
  atHomeA.pause = () => {
    pauses.push(nowMs)
    pause()
  }
  const heard = read(b)
  splices.add(atHomeA, atHomeB, ['a', 'b'], () => {})
  a.send(new Uint8Array(900))
  await waitFor(() => heard.bytes === 900, 2_000, 'what is within the burst')
  expect(pauses).toEqual([])
  a.send(new Uint8Array(200))
  await waitFor(() => pauses.length === 1, 2_000, 'the pause')
  nowMs = 500
  splices.sweep()
  expect(splices.counts).toEqual({ streams: 1, bytes: 1_100 })
  nowMs = 2_000
  splices.sweep()
  expect(splices.counts.streams).toBe(0)
})
