import { randomBytes } from 'node:crypto'
import { crc32 as expected } from 'node:zlib'
import { expect, it } from 'vitest'
import { crc32 } from '../../../browser/content/crc32.ts'

it('gives the checksum that zip programs compute, in one go and in parts', () => {
  const bytes = randomBytes(70_001)
  expect(crc32(bytes)).toBe(expected(bytes))
  expect(crc32(bytes.subarray(1_000), crc32(bytes.subarray(0, 1_000)))).toBe(expected(bytes))
  expect(crc32(new Uint8Array())).toBe(0)
})
