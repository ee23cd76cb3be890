import { streamPair } from '@libp2p/utils'
import { encode } from 'cborg'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { partsForStream, withLength as withFrameLength } from '../../node/network/frames.ts'
import { createFrameStream, decodeFrame, encodeFrame, type Frame, type FrameStream } from '../../node/network/index.ts'
import { waitFor } from '../helpers/wait-for.ts'

const BAD_FRAME = expect.objectContaining({ code: 'ERR_BAD_FRAME' })
const FIELD = fc.letrec((tie) => ({
  field: fc.oneof(
    { maxDepth: 3 },
    fc.maxSafeNat(),
    fc.string(),
    fc.uint8Array(),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('field'), { maxLength: 4 }),
  ),
})).field
const FRAME = fc.tuple(fc.nat(255), fc.array(FIELD, { maxLength: 5 })).map(([type, fields]): Frame => [type, ...fields])

interface Reader {
  frames: Frame[]
  ends: (Error | undefined)[]
  stream: FrameStream
}

/** A stream as a stranger writes it, and what reads it. */
async function readFrom(maxFrameBytes = 1_000, maxUnsentBytes = 1_000_000) {
  const [writer, readable] = await streamPair({ delay: 0 })
  const reader = { frames: [], ends: [] } as unknown as Reader
  reader.stream = createFrameStream(readable, {
    maxFrameBytes,
    maxUnsentBytes,
    onFrame: (frame) => reader.frames.push(frame),
    onEnd: (reason) => reader.ends.push(reason),
  })
  return { writer, reader }
}

function withLength(body: Uint8Array): Uint8Array {
  if (body.byteLength < 128) return Uint8Array.of(body.byteLength, ...body)
  return Uint8Array.of((body.byteLength % 128) + 128, Math.floor(body.byteLength / 128), ...body)
}

test.each([0, 4_095, 4_096, 65_535, 65_536, 300_000])('frames: one that ends with %i bytes travels as any other', (length) => {
  const bytes = Uint8Array.from({ length }, (_, i) => i * 31)
  const fields = [
    fc.constant([]),
    fc.array(FIELD, { maxLength: 5 }),
    fc.constant(Array<number>(21).fill(9)),
    fc.constant(Array<number>(22).fill(9)),
  ]
  const frames = fc.tuple(fc.nat(255), fc.oneof(...fields)).map(([type, more]): Frame => [type, ...more, bytes])
  fc.assert(
    fc.property(frames, (frame) => {
      expect(Buffer.compare(Buffer.concat(partsForStream(frame)), withFrameLength(encodeFrame(frame)))).toBe(0)
    }),
    { numRuns: 20 },
  )
})

test('frames: whatever a frame holds comes back as it was', () => {
  fc.assert(
    fc.property(FRAME, (frame) => {
      expect(decodeFrame(encodeFrame(frame))).toEqual(frame)
    }),
  )
})

test('frames: bytes that are no frame are refused as a bad frame and as nothing else', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.uint8Array(),
        FIELD.map((field) => encode(field)),
        FRAME.map((frame) => encodeFrame(frame).slice(0, -1)),
      ),
      (bytes) => {
        try {
          const frame = decodeFrame(bytes)
          expect(typeof frame[0]).toBe('number')
        } catch (error) {
          expect(error).toEqual(BAD_FRAME)
        }
      },
    ),
  )
})

test.each([
  ['nothing', ''],
  ['an array of nothing', '80'],
  ['a type that is text', '816131'],
  ['a map', 'a0'],
  ['a number in more bytes than it needs', '811801'],
  ['an array of indefinite length', '9f01ff'],
  ['undefined', '8201f7'],
  ['not a number', '8201f97e00'],
  ['infinity', '8201f97c00'],
  ['two keys that are the same', '8201a2616101616102'],
  ['a second item behind the first', '810101'],
  ['a tag', '8201c11a514b67b0'],
  ['arrays within arrays without end', '81'.repeat(60_000)],
])('frames: refuses %s', (_, hex) => {
  expect(() => decodeFrame(Uint8Array.from(Buffer.from(hex, 'hex')))).toThrow(BAD_FRAME)
})

test('frames: are read whole and in order wherever the stream is cut', async () => {
  const frames: Frame[] = [[1], [2, 'text', new Uint8Array(200)], [3, [1, [2]]], [4, 'x'.repeat(300)]]
  const bytes = Buffer.concat(frames.map((frame) => withLength(encodeFrame(frame))))
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(bytes.byteLength), { maxLength: 8 }), async (cuts) => {
      const { writer, reader } = await readFrom()
      let from = 0
      for (const to of [...cuts, bytes.byteLength].toSorted((a, b) => a - b)) {
        if (to > from) writer.send(bytes.subarray(from, to))
        from = to
      }
      await waitFor(() => reader.frames.length === frames.length, 2_000, 'every frame')
      expect(reader.frames).toEqual(frames)
    }),
    { numRuns: 30 },
  )
})

test('frames: byte by byte is no different', async () => {
  const { writer, reader } = await readFrom()
  for (const byte of withLength(encodeFrame([7, 'x'.repeat(200)]))) writer.send(Uint8Array.of(byte))
  await waitFor(() => reader.frames.length === 1, 2_000, 'the frame')
  expect(reader.frames).toEqual([[7, 'x'.repeat(200)]])
})

test('frames: one that says it is longer than the limit ends the stream before its bytes are there', async () => {
  const { writer, reader } = await readFrom(1_000)
  writer.send(Uint8Array.of(0xe9, 0x07)) // 1,001
  await waitFor(() => reader.ends.length === 1, 2_000, 'the end')
  expect(reader.frames).toEqual([])
  expect(reader.stream.open).toBe(false)
})

test('frames: a length that never ends is given up', async () => {
  const { writer, reader } = await readFrom(1_000)
  const garbage = new Uint8Array(65_536).fill(0x80)
  for (let sent = 0; sent < 32 && writer.writeStatus === 'writable'; sent++) writer.send(garbage)
  await waitFor(() => reader.ends.length === 1, 5_000, 'the end')
  expect(reader.frames).toEqual([])
})

test('frames: one that is paused takes no more, goes on where it was, and loses nothing of much that came meanwhile', async () => {
  const [writer, readable] = await streamPair({ delay: 0 })
  const taken: number[] = []
  const stream = createFrameStream(readable, {
    maxFrameBytes: 2_000,
    maxUnsentBytes: 1_000_000,
    onFrame([type]) {
      taken.push(type)
      if (taken.length % 100 === 0) stream.pause()
    },
    onEnd: () => {},
  })
  // More than it may have undecoded, in pieces that hold many frames each.
  const frames = Array.from({ length: 3_000 }, (_, i) => withLength(encodeFrame([i, 'x'.repeat(1_000)])))
  for (let at = 0; at < frames.length; at += 50) writer.send(new Uint8Array(frames.slice(at, at + 50).flatMap((frame) => [...frame])))
  await waitFor(() => taken.length === 100, 5_000, 'the first hundred')
  await new Promise((resolve) => setImmediate(resolve))
  expect(taken.length).toBe(100)
  stream.resume()
  await waitFor(() => taken.length === 200, 5_000, 'the next hundred') // in several turns, where each takes longer than its slice
  await waitFor(
    () => {
      stream.resume()
      return taken.length === 3_000
    },
    10_000,
    'all of them',
  )
  expect(taken).toEqual(Array.from({ length: 3_000 }, (_, i) => i))
  expect(stream.open).toBe(true)
})

test('frames: garbage ends the stream once, and what follows it is not read', async () => {
  const { writer, reader } = await readFrom()
  writer.send(withLength(Uint8Array.of(0xff, 0xff)))
  writer.send(withLength(encodeFrame([1])))
  await waitFor(() => reader.ends.length === 1, 2_000, 'the end')
  expect(reader.ends[0]).toEqual(BAD_FRAME)
  expect(reader.frames).toEqual([])
  expect(reader.stream.send([1])).toBe(false)
  expect(await reader.stream.writable()).toBe(false)
})

test('frames: a reader that throws ends its stream and nothing else', async () => {
  const [writer, readable] = await streamPair({ delay: 0 })
  const ends: (Error | undefined)[] = []
  void createFrameStream(readable, {
    maxFrameBytes: 100,
    maxUnsentBytes: 100,
    onFrame: () => {
      throw new TypeError('unread')
    },
    onEnd: (reason) => ends.push(reason),
  })
  writer.send(withLength(encodeFrame([1])))
  await waitFor(() => ends.length === 1, 2_000, 'the end')
  expect(ends[0]).toBeInstanceOf(TypeError)
})

test('frames: queued frames arrive before a close', async () => {
  const [a, b] = await streamPair({ delay: 0 })
  const received: Frame[] = []
  const ends: (Error | undefined)[] = []
  void createFrameStream(b, {
    maxFrameBytes: 100,
    maxUnsentBytes: 100,
    onFrame: (frame) => received.push(frame),
    onEnd: (reason) => ends.push(reason),
  })
  const sender = createFrameStream(a, { maxFrameBytes: 100, maxUnsentBytes: 1_000, onFrame: () => {}, onEnd: () => {} })
  expect(sender.send([1])).toBe(true)
  expect(sender.send([2])).toBe(true)
  sender.close()
  await waitFor(() => ends.length === 1, 2_000, 'the end')
  expect(received).toEqual([[1], [2]])
  expect(ends).toEqual([undefined])
})

test('frames: a reader that does not read is cut off at the limit of unsent bytes', async () => {
  const [a, b] = await streamPair({ delay: 0, capacity: 1 })
  b.pause()
  const ends: (Error | undefined)[] = []
  const sender = createFrameStream(a, {
    maxFrameBytes: 100_000,
    maxUnsentBytes: 50_000,
    onFrame: () => {},
    onEnd: (reason) => ends.push(reason),
  })
  let sent = 0
  while (sent < 1_000 && sender.send([1, new Uint8Array(10_000)])) sent++
  expect(sent).toBeLessThan(1_000)
  expect(sent * 10_000).toBeGreaterThanOrEqual(50_000)
  expect(ends).toEqual([expect.objectContaining({ code: 'ERR_LIMIT' })])
})

test('frames: waiting for room ends with the signal', async () => {
  const [a, b] = await streamPair({ delay: 0, capacity: 1 })
  b.pause()
  const sender = createFrameStream(a, { maxFrameBytes: 100_000, maxUnsentBytes: 10_000_000, onFrame: () => {}, onEnd: () => {} })
  while (!a.writableNeedsDrain) sender.send([1, new Uint8Array(10_000)])
  const controller = new AbortController()
  const waiting = sender.writable({ signal: controller.signal })
  const reason = new Error('enough')
  controller.abort(reason)
  await expect(waiting).rejects.toBe(reason)
  const aborted = sender.writable()
  sender.abort(new Error('over'))
  expect(await aborted).toBe(false)
})

/** A corked stream, and how many bytes came in each piece at its other end. */
async function writeCorked(patienceMs: number) {
  const [readable, writer] = await streamPair({ delay: 0 })
  const pieces: number[] = []
  readable.addEventListener('message', ({ data }) => pieces.push(data.byteLength))
  const options = { maxFrameBytes: 1_000, maxUnsentBytes: 1_000_000, isCorked: true, patienceMs, onFrame() {}, onEnd() {} }
  const stream = createFrameStream(writer, options)
  return { stream, pieces }
}

/** A frame of one small number and its length: array, number, and one byte before them. */
const SMALL: Frame = [1]
const SMALL_BYTES = 3
/** Longer than a test takes, in ms. */
const LONG_MS = 60_000

test('frames: corked sends of one turn go out as one', async () => {
  const { stream, pieces } = await writeCorked(LONG_MS)
  stream.send(SMALL)
  await Promise.resolve()
  stream.send(SMALL)
  stream.send(SMALL)
  await waitFor(() => pieces.length > 0, 2_000, 'they come')
  expect(pieces).toEqual([3 * SMALL_BYTES])
  stream.send(SMALL)
  await waitFor(() => pieces.length > 1, 2_000, 'one more comes')
  expect(pieces).toEqual([3 * SMALL_BYTES, SMALL_BYTES])
})

test('frames: a patient one waits for the next one that is not', async () => {
  const { stream, pieces } = await writeCorked(LONG_MS)
  stream.send(SMALL, true)
  await new Promise((next) => setImmediate(() => setImmediate(next)))
  stream.send(SMALL)
  await waitFor(() => pieces.length > 0, 2_000, 'they come')
  expect(pieces).toEqual([2 * SMALL_BYTES])
})

test('frames: a patient one goes alone when there is no other', async () => {
  const { stream, pieces } = await writeCorked(1)
  stream.send(SMALL, true)
  await waitFor(() => pieces.length > 0, 2_000, 'it comes')
  expect(pieces).toEqual([SMALL_BYTES])
})

test('frames: patient frames go out before a stream is closed', async () => {
  const { stream, pieces } = await writeCorked(LONG_MS)
  stream.send(SMALL, true)
  stream.close()
  await waitFor(() => pieces.length > 0, 2_000, 'it comes')
  expect(pieces).toEqual([SMALL_BYTES])
})

test('frames: many that come at once are handled in several turns, in order, and all of them before the end of the stream', async () => {
  const [writer, readable] = await streamPair({ delay: 0 })
  const seen: number[] = []
  let turns = 0
  const whole = new Promise<void>((resolve) => {
    void createFrameStream(readable, {
      maxFrameBytes: 100,
      maxUnsentBytes: 1_000_000,
      onFrame([, number]) {
        seen.push(number as number)
        for (const untilMs = performance.now() + 1; performance.now() < untilMs; ); // a handler that takes its time
      },
      onEnd: () => resolve(),
    })
  })
  const count = () => {
    turns++
    if (seen.length < 40) setImmediate(count)
  }
  const frames = Array.from({ length: 60 }, (_, i) => withLength(encodeFrame([1, i])))
  setImmediate(count)
  writer.send(Uint8Array.from(frames.slice(0, 40).flatMap((bytes) => [...bytes])))
  await waitFor(() => seen.length === 40, 5_000, 'the first of them')
  expect(turns).toBeGreaterThan(3)
  for (const frame of frames.slice(40)) writer.send(frame)
  await writer.close()
  await whole
  expect(seen).toEqual([...Array(60).keys()])
})
