import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodePieceSet, fullPieceSet, PieceSet } from '../../../node/content/format/piece-set.ts'

const BAD_FRAME = expect.objectContaining({ code: 'ERR_BAD_FRAME' })

test('piece-set: has what was added and not deleted, and comes back from its bitmap', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 100 }), fc.array(fc.nat(120)), fc.array(fc.nat(120)), (count, added, deleted) => {
      const pieces = new PieceSet(count)
      const expected = new Set<number>()
      for (const index of added) {
        expect(pieces.add(index)).toBe(index < count && !expected.has(index))
        if (index < count) expected.add(index)
      }
      for (const index of deleted) {
        expect(pieces.delete(index)).toBe(expected.delete(index))
      }
      for (const read of [pieces, decodePieceSet(pieces.encode(), count)]) {
        expect(Array.from({ length: count }, (_, index) => index).filter((index) => read.has(index))).toEqual(
          [...expected].sort((a, b) => a - b),
        )
        expect([read.size, read.isFull]).toEqual([expected.size, expected.size === count])
      }
    }),
  )
})

test('piece-set: the first piece is the highest bit of the first byte', () => {
  const pieces = new PieceSet(9)
  pieces.add(0)
  pieces.add(8)
  expect(pieces.encode()).toEqual(Uint8Array.of(0x80, 0x80))
  expect(fullPieceSet(9).encode()).toEqual(Uint8Array.of(0xff, 0x80))
})

test.each([
  ['a byte too few', 9, Uint8Array.of(0xff)],
  ['a byte too many', 8, Uint8Array.of(0xff, 0)],
  ['a piece behind the last', 9, Uint8Array.of(0xff, 0xc0)],
])('piece-set: a bitmap with %s is refused', (_, count, bits) => {
  expect(() => decodePieceSet(bits, count)).toThrow(BAD_FRAME)
})
