import fc from 'fast-check'
import { expect, test } from 'vitest'
import { MAX_PARTLY_READ_PIECES, parseByteRanges } from '../../../gateway/http/byte-range.ts'

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
  ['bytes=0-,0-', [{ first: 0, last: 9 }]],
  [
    'bytes=-2,5-8,0-1,1-3',
    [
      { first: 0, last: 3 },
      { first: 5, last: 9 },
    ],
  ],
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

const rangeHeader = (count: number, distance: number) =>
  `bytes=${Array.from({ length: count }, (_, i) => `${i * distance}-${i * distance}`).join(',')}`

test('parseByteRanges: many ranges of one piece are granted, as zsync (20) and zckdl (255) ask for', () => {
  for (const count of [20, 255, 2_000]) expect(parseByteRanges(rangeHeader(count, 2), 10_000)).toHaveLength(count)
})

test('parseByteRanges: ranges that read too many pieces for a few bytes are answered whole', () => {
  const parse = (count: number) => parseByteRanges(rangeHeader(count, 1_000), 1_000_000, 1_000)
  expect(parse(MAX_PARTLY_READ_PIECES)).toHaveLength(MAX_PARTLY_READ_PIECES)
  expect(parse(MAX_PARTLY_READ_PIECES + 1)).toBeNull()
  expect(parseByteRanges('bytes=0-899999,-50000', 1_000_000, 1_000)).toHaveLength(2) // pieces that are read whole are not counted
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
      for (const [i, { first, last }] of ranges.entries()) {
        for (const other of ranges.slice(i + 1)) expect(other.first > last || other.last < first).toBe(true)
        expect(first).toBeGreaterThanOrEqual(0)
        expect(last).toBeGreaterThanOrEqual(first)
        expect(last).toBeLessThan(size)
      }
    }),
  )
})
