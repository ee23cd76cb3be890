/** Outlines: their form, their sizes, and that what is no outline is refused. */

import { encode } from 'cborg'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  decodeOutline,
  encodeOutline,
  MAX_OUTLINE_BYTES,
  MAX_OUTLINED_BYTES,
  MAX_PIECE_BYTES,
  MAX_PIECES,
  MIN_PIECE_BYTES,
  type Outline,
  outlineSource,
  pieceBytesFor,
  pieceCount,
  pieceSize,
} from '../../../node/content/format/outline.ts'
import { memorySource } from '../../../node/content/format/source.ts'
import { createPortableHasher, encodeKeyHex, sha256 } from '../../../node/keys/index.ts'
import { createNativeHasher } from '../../../node/server/port/native-hasher.ts'

const MIB = 1_048_576

function outlineOf(size: number): Outline {
  const pieceBytes = pieceBytesFor(size)
  return { size, pieceBytes, hashes: new Uint8Array(pieceCount({ size, pieceBytes }) * 32).map((_, i) => i * 31) }
}

test.each([
  [MIN_PIECE_BYTES + 1, 262_144],
  [1_024 * MIB, 262_144],
  [1_024 * MIB + 1, 524_288],
  [5 * 1_024 * MIB, 2 * MIB],
  [MAX_OUTLINED_BYTES, MAX_PIECE_BYTES],
])('outline: %i bytes come in pieces of %i', (size, pieceBytes) => {
  expect(pieceBytesFor(size)).toBe(pieceBytes)
  expect(pieceCount({ size, pieceBytes })).toBeLessThanOrEqual(MAX_PIECES)
})

test('outline: content that is too large is refused, and the limit is named', () => {
  expect(() => pieceBytesFor(MAX_OUTLINED_BYTES + 1)).toThrow(String(MAX_OUTLINED_BYTES))
})

test('outline: pieces cover the content, each byte once', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: MAX_OUTLINED_BYTES }), (size) => {
      const pieceBytes = pieceBytesFor(size)
      const count = pieceCount({ size, pieceBytes })
      return (
        pieceSize({ size, pieceBytes }, count - 1) > 0 && (count - 1) * pieceBytes + pieceSize({ size, pieceBytes }, count - 1) === size
      )
    }),
  )
})

test('outline: decodes as it was encoded, the largest too', () => {
  for (const size of [MIN_PIECE_BYTES + 1, 3 * MIN_PIECE_BYTES, MAX_OUTLINED_BYTES]) {
    const outline = outlineOf(size)
    const bytes = encodeOutline(outline)
    expect(bytes.byteLength).toBeLessThanOrEqual(MAX_OUTLINE_BYTES)
    expect(decodeOutline(bytes)).toEqual(outline)
  }
})

test('outline: another piece size, another number of hashes, another form are refused', () => {
  const { size, pieceBytes, hashes } = outlineOf(10 * MIN_PIECE_BYTES)
  const wrong = [
    [2, size, pieceBytes, hashes],
    [1, size, pieceBytes * 2, hashes],
    [1, size, pieceBytes, hashes.subarray(32)],
    [1, size + MIN_PIECE_BYTES, pieceBytes, hashes],
    [1, -1, pieceBytes, hashes],
    [1, size, pieceBytes, hashes, 1],
    'outline',
  ]
  for (const value of wrong) expect(() => decodeOutline(encode(value))).toThrow(expect.objectContaining({ code: 'ERR_BAD_FRAME' }))
})

test('outline: garbage is refused and nothing else', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
      try {
        decodeOutline(bytes)
        return true
      } catch (error) {
        return (error as { code?: string }).code === 'ERR_BAD_FRAME'
      }
    }),
  )
})

test.each([0, 1, MIN_PIECE_BYTES - 1, MIN_PIECE_BYTES, MIN_PIECE_BYTES + 1, 3 * MIN_PIECE_BYTES, 1_000_003])(
  'outlining: %i bytes have the key that sha256sum says, by either hasher',
  async (size) => {
    const bytes = new Uint8Array(size).map((_, i) => i * 7)
    for (const createHasher of [createPortableHasher, createNativeHasher]) {
      const { key, outline, outlineBytes, outlineHash } = await outlineSource(memorySource(bytes), MIN_PIECE_BYTES, createHasher)
      expect(encodeKeyHex(key)).toBe(encodeKeyHex(await sha256(bytes)))
      expect(outline === undefined).toBe(size <= MIN_PIECE_BYTES)
      if (outline === undefined || outlineBytes === undefined || outlineHash === undefined) continue
      expect(decodeOutline(outlineBytes)).toEqual(outline)
      expect(encodeKeyHex(outlineHash)).toBe(encodeKeyHex(await sha256(outlineBytes)))
      for (let i = 0; i < pieceCount(outline); i++) {
        const piece = bytes.subarray(i * outline.pieceBytes, (i + 1) * outline.pieceBytes)
        expect(outline.hashes.subarray(i * 32, (i + 1) * 32)).toEqual(await sha256(piece))
      }
    }
  },
)
