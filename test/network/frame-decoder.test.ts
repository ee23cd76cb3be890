import { Uint8ArrayList } from 'uint8arraylist'
import { expect, test } from 'vitest'
import { createFrameDecoder } from '../../node/network/frame-decoder.ts'

/** Frames of these sizes, each of its own byte, one behind the other. */
function streamOf(sizes: number[]): Uint8Array {
  return Buffer.concat(sizes.flatMap((size, i) => [lengthOf(size), Buffer.alloc(size, i + 1)]))
}

function lengthOf(size: number): Buffer {
  const bytes: number[] = []
  for (let rest = size; ; rest >>= 7) {
    if (rest < 128) return Buffer.from([...bytes, rest])
    bytes.push((rest & 127) | 128)
  }
}

const SIZES = [0, 1, 127, 128, 300, 16_383, 16_384, 70_000, 0, 5]

/** All that the decoder gives when it is asked after each piece. */
function decodeIn(pieces: Iterable<Uint8Array | Uint8ArrayList>): Uint8Array[] {
  const decoder = createFrameDecoder(100_000)
  const frames: Uint8Array[] = []
  for (const piece of pieces) {
    decoder.push(piece)
    for (let frame = decoder.next(); frame !== undefined; frame = decoder.next()) frames.push(frame)
  }
  return frames
}

function piecesOf(bytes: Uint8Array, size: number): Uint8Array[] {
  return Array.from({ length: Math.ceil(bytes.byteLength / size) }, (_, i) => bytes.subarray(i * size, (i + 1) * size))
}

test.each([1, 2, 3, 7, 129, 4_096, 65_536, 1_000_000])('frames are the same, whatever the pieces that they come in: %i bytes', (size) => {
  const frames = decodeIn(piecesOf(streamOf(SIZES), size))
  expect(frames.map(({ byteLength }) => byteLength)).toEqual(SIZES)
  for (const [i, frame] of frames.entries()) expect(frame.every((byte) => byte === i + 1)).toBe(true)
})

test('a list of pieces is as good as its bytes', () => {
  const list = new Uint8ArrayList(...piecesOf(streamOf(SIZES), 1_000))
  expect(decodeIn([list, new Uint8ArrayList(), new Uint8Array()]).map(({ byteLength }) => byteLength)).toEqual(SIZES)
})

test('an incomplete frame is waited for', () => {
  const decoder = createFrameDecoder(1_000)
  expect(decoder.next()).toBeUndefined()
  decoder.push(lengthOf(300).subarray(0, 1))
  expect(decoder.next()).toBeUndefined()
  decoder.push(lengthOf(300).subarray(1))
  decoder.push(new Uint8Array(299))
  expect(decoder.next()).toBeUndefined()
  decoder.push(new Uint8Array(1))
  expect(decoder.next()?.byteLength).toBe(300)
})

test('a frame over the limit is refused before it has come, the largest one is not', () => {
  const decoder = createFrameDecoder(1_000)
  decoder.push(streamOf([1_000]))
  expect(decoder.next()?.byteLength).toBe(1_000)
  decoder.push(lengthOf(1_001))
  expect(() => decoder.next()).toThrow(expect.objectContaining({ code: 'ERR_LIMIT' }))
})

test('a length that does not end is refused', () => {
  const decoder = createFrameDecoder(1_000)
  decoder.push(new Uint8Array([0xff, 0xff, 0xff]))
  expect(decoder.next()).toBeUndefined()
  decoder.push(new Uint8Array([0xff]))
  expect(() => decoder.next()).toThrow(expect.objectContaining({ code: 'ERR_BAD_FRAME' }))
})

test('a length that is written in more bytes than it needs is refused', () => {
  for (const length of [
    [0x80, 0x00],
    [0x81, 0x00],
    [0xff, 0x80, 0x00],
  ]) {
    const decoder = createFrameDecoder(1_000)
    decoder.push(Uint8Array.from([...length, ...new Uint8Array(200)]))
    expect(() => decoder.next()).toThrow(expect.objectContaining({ code: 'ERR_BAD_FRAME' }))
  }
})
