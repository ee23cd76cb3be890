/** The content that the benchmark of large transfers carries: the same in every process, and distinct from any other. */

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { bulkBytes, bulkParts, isBulkPart } from '../../scripts/bench/bulk-content.ts'
import { startBulkMeter } from '../../scripts/bench/bulk-meter.ts'

const SIZE = 200_000
const MIB = 1_048_576

test('bulk content: a part is the same bytes that the whole has there', () => {
  const whole = bulkBytes(7, 0, SIZE)
  const part = fc.tuple(fc.nat(SIZE), fc.nat(SIZE)).filter(([offset, length]) => offset + length <= SIZE)
  fc.assert(
    fc.property(part, ([offset, length]) => {
      expect(Buffer.compare(bulkBytes(7, offset, length), whole.subarray(offset, offset + length))).toBe(0)
    }),
  )
})

test('bulk content: no two of its cells are equal, nor those of another seed', () => {
  const cells = [7, 8].flatMap((seed) => [...bulkParts({ size: MIB, seed }, 65_536)].map((cell) => Buffer.from(cell).toString('latin1')))
  expect(new Set(cells).size).toBe(2 * 16)
})

test('bulk content: bytes of another position or seed are recognized, wherever a whole cell begins in them', () => {
  const bytes = bulkBytes(7, MIB, 70_000)
  expect(isBulkPart(7, MIB, bytes)).toBe(true)
  expect(isBulkPart(8, MIB, bytes)).toBe(false)
  expect(isBulkPart(7, 2 * MIB, bytes)).toBe(false)
})

test('bulk meter: takes the whole and nothing else', () => {
  const content = { size: SIZE, seed: 7 }
  const meter = startBulkMeter(content)
  for (const part of bulkParts(content, 65_536)) meter.take(part)
  expect(meter.end().firstMs).toBeLessThanOrEqual(meter.end().ms)

  const short = startBulkMeter(content)
  short.take(bulkBytes(7, 0, 65_536))
  expect(() => short.end()).toThrow()
  expect(() => short.take(bulkBytes(7, 0, 65_536))).toThrow()
})
