import fc from 'fast-check'
import { expect, test } from 'vitest'
import { MAX_RANGES, parseByteRanges } from '../../../gateway/http/byte-range.ts'

test.each([
  ['bytes=0-0', [{ first: 0, last: 0 }]],
  ['bytes=0-', [{ first: 0, last: 9 }]],
  ['bytes=3-5', [{ first: 3, last: 5 }]],
  ['bytes=3-99999999999999999999999', [{ first: 3, last: 9 }]],
  ['bytes=-3', [{ first: 7, last: 9 }]],
  ['bytes=-999', [{ first: 0, last: 9 }]],
  ['Bytes= 1-2 ', [{ first: 1, last: 2 }]],
  ['bytes=10-', 'unsatisfiable'],
  ['bytes=10-20', 'unsatisfiable'],
  ['bytes=99999999999999999999999-', 'unsatisfiable'],
  ['bytes=-0', 'unsatisfiable'],
  ['bytes=5-3', null],
  ['bytes=-', null],
  ['bytes=', null],
  ['bytes=a-b', null],
  [
    'bytes=1-2,4-5',
    [
      { first: 1, last: 2 },
      { first: 4, last: 5 },
    ],
  ],
  [
    'bytes=4-5, -1 ,1-2',
    [
      { first: 4, last: 5 },
      { first: 9, last: 9 },
      { first: 1, last: 2 },
    ],
  ],
  ['bytes=1-2,10-', [{ first: 1, last: 2 }]],
  ['bytes=10-,11-12', 'unsatisfiable'],
  ['bytes=1-2,', null],
  ['bytes=1-2,x', null],
  ['bytes=0-,0-', null],
  ['bytes=--3', null],
  ['bytes=+1-2', null],
  ['items=0-1', null],
  ['0-1', null],
  [null, null],
] as const)('parseByteRanges: %s of ten bytes', (header, range) => {
  expect(parseByteRanges(header, 10)).toEqual(range)
})

test.each(['bytes=0-', 'bytes=-5', 'bytes=0-0'])('parseByteRanges: %s of nothing is the whole', (header) => {
  expect(parseByteRanges(header, 0)).toBeNull()
})

test('parseByteRanges: too many ranges are answered whole', () => {
  const header = (count: number) => `bytes=${Array.from({ length: count }, (_, i) => `${i}-${i}`).join(',')}`
  expect(parseByteRanges(header(MAX_RANGES), 1_000)).toHaveLength(MAX_RANGES)
  expect(parseByteRanges(header(MAX_RANGES + 1), 1_000)).toBeNull()
})

test('parseByteRanges: granted ranges lie inside the content, for any header', () => {
  const header = fc.oneof(
    fc.string(),
    fc.tuple(fc.nat(), fc.nat()).map(([a, b]) => `bytes=${a}-${b}`),
    fc.nat().map((n) => `bytes=-${n}`),
    fc.array(fc.tuple(fc.nat(1_000), fc.nat(1_000))).map((pairs) => `bytes=${pairs.map(([a, b]) => `${a}-${b}`).join(',')}`),
  )
  fc.assert(
    fc.property(header, fc.nat(1_000), (text, size) => {
      const ranges = parseByteRanges(text, size)
      if (ranges === null || ranges === 'unsatisfiable') return
      for (const { first, last } of ranges) {
        expect(first).toBeGreaterThanOrEqual(0)
        expect(last).toBeGreaterThanOrEqual(first)
        expect(last).toBeLessThan(size)
      }
    }),
  )
})
