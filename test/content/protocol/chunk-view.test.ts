import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeFrameView } from '../../../node/content/protocol/chunk-view.ts'
import { decodeFrame, encodeFrame, type Frame } from '../../../node/network/index.ts'

const BYTES = fc.tuple(fc.nat(700), fc.nat(255)).map(([length, byte]) => new Uint8Array(length).fill(byte))
const FIELD = fc.oneof(fc.maxSafeNat(), fc.nat(70_000), fc.nat(30), BYTES, fc.string(), fc.array(fc.nat()))
const FRAME = fc
  .tuple(fc.nat(300), fc.array(FIELD, { maxLength: 3 }), BYTES)
  .map(([type, fields, bytes]): Frame => [type, ...fields, bytes])

function outcomeOf(decode: (bytes: Uint8Array) => Frame, bytes: Uint8Array): unknown {
  try {
    return decode(bytes)
  } catch (error) {
    return (error as { code: string }).code
  }
}

test('frame view: a frame with many bytes at its end is the same as decoded by itself, and keeps them where they are', () => {
  const bytes = encodeFrame([17, 1_000_000, 65_000, new Uint8Array(65_000).fill(7)])
  const [type, id, total, view] = decodeFrameView(bytes) as [number, number, number, Uint8Array]
  expect([type, id, total, view.byteLength, view.every((byte) => byte === 7)]).toEqual([17, 1_000_000, 65_000, 65_000, true])
  expect(view.buffer).toBe(bytes.buffer)
})

test('frame view: takes and refuses what decoding by itself does, whatever comes', () => {
  fc.assert(
    fc.property(FRAME, fc.array(fc.tuple(fc.nat(40), fc.nat(255)), { maxLength: 3 }), fc.nat(3), (frame, changes, cut) => {
      const encoded = encodeFrame(frame)
      const bytes = encoded.slice(0, encoded.byteLength - cut)
      for (const [at, byte] of changes) if (at < bytes.byteLength) bytes[at] = byte
      const before = bytes.slice()
      expect(outcomeOf(decodeFrameView, bytes)).toEqual(outcomeOf(decodeFrame, bytes))
      expect(bytes).toEqual(before)
    }),
    { numRuns: 2_000 },
  )
})
