import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createByteQueue } from '../../node/network/byte-queue.ts'

test('byte queue: gives what it was given, in whatever pieces it comes and goes', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.integer({ min: 0, max: 1_500 }), fc.integer({ min: 0, max: 2_000 })), { maxLength: 60 }), (steps) => {
      const queue = createByteQueue()
      let pushed = 0
      let taken = 0
      const isNext = (byte: number | undefined, at: number) => byte === (at * 7) % 251
      for (const [push, take] of steps) {
        queue.push(Uint8Array.from({ length: push }, (_, i) => ((pushed + i) * 7) % 251))
        pushed += push
        const held = pushed - taken
        expect(queue.byteLength).toBe(held)
        for (const at of [0, 1, held - 1]) if (at >= 0 && at < held) expect(isNext(queue.at(at), taken + at)).toBe(true)
        expect(queue.at(held)).toBe(0)
        const bytes = queue.take(take)
        expect(bytes.byteLength).toBe(Math.min(take, held))
        expect(bytes.every((byte, i) => isNext(byte, taken + i))).toBe(true)
        taken += bytes.byteLength
      }
    }),
    { numRuns: 100 },
  )
})

test('byte queue: single bytes that wait take little memory and are taken in one go', () => {
  const queue = createByteQueue()
  const chunk = new Uint8Array(1)
  for (let i = 0; i < 262_144; i++) queue.push(chunk.slice())
  const buffers = new Set<ArrayBufferLike>()
  while (queue.byteLength > 0) buffers.add(queue.take(Math.min(4_096, queue.byteLength)).buffer)
  expect(buffers.size).toBeLessThan(200)
})
