import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseByteRange } from '../../gateway/byte-range.ts'

test.each([
  ['bytes=0-0', { first: 0, last: 0 }],
  ['bytes=0-', { first: 0, last: 9 }],
  ['bytes=3-5', { first: 3, last: 5 }],
  ['bytes=3-99999999999999999999999', { first: 3, last: 9 }],
  ['bytes=-3', { first: 7, last: 9 }],
  ['bytes=-999', { first: 0, last: 9 }],
  ['Bytes= 1-2 ', { first: 1, last: 2 }],
  ['bytes=10-', 'unsatisfiable'],
  ['bytes=10-20', 'unsatisfiable'],
  ['bytes=99999999999999999999999-', 'unsatisfiable'],
  ['bytes=-0', 'unsatisfiable'],
  ['bytes=5-3', null],
  ['bytes=-', null],
  ['bytes=', null],
  ['bytes=a-b', null],
  ['bytes=1-2,4-5', null],
  ['bytes=--3', null],
  ['bytes=+1-2', null],
  ['items=0-1', null],
  ['0-1', null],
  [null, null],
] as const)('parseByteRange: %s of ten bytes', (header, range) => {
  expect(parseByteRange(header, 10)).toEqual(range)
})

test.each(['bytes=0-', 'bytes=-5', 'bytes=0-0'])('parseByteRange: %s of nothing is the whole', (header) => {
  expect(parseByteRange(header, 0)).toBeNull()
})

test('parseByteRange: what is granted lies inside, for any header', () => {
  const header = fc.oneof(
    fc.string(),
    fc.tuple(fc.nat(), fc.nat()).map(([a, b]) => `bytes=${a}-${b}`),
    fc.nat().map((n) => `bytes=-${n}`),
  )
  fc.assert(
    fc.property(header, fc.nat(1_000), (text, size) => {
      const range = parseByteRange(text, size)
      if (range === null || range === 'unsatisfiable') return
      expect(range.first).toBeGreaterThanOrEqual(0)
      expect(range.last).toBeGreaterThanOrEqual(range.first)
      expect(range.last).toBeLessThan(size)
    }),
  )
})
