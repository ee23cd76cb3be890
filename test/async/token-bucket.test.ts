import { expect, test } from 'vitest'
import { createTokenBucket, createTokenBuckets } from '../../node/async/token-bucket.ts'

function clock() {
  let nowMs = 1_000
  return {
    now: () => nowMs,
    pass: (ms: number) => {
      nowMs += ms
    },
  }
}

test('token bucket: `burst` at once, then `perSecond`, and says how long to wait', () => {
  const { now, pass } = clock()
  const bucket = createTokenBucket({ burst: 3, perSecond: 2, now })
  expect([bucket.take(), bucket.take(), bucket.take()]).toEqual([0, 0, 0])
  expect(bucket.take()).toBe(500)
  pass(375)
  expect(bucket.take()).toBe(125)
  pass(125)
  expect(bucket.take()).toBe(0)
  pass(60_000)
  expect([bucket.take(3), bucket.take()]).toEqual([0, 500])
})

test('token bucket: a cost that no bucket could hold is paid with a full one', () => {
  const { now } = clock()
  const bucket = createTokenBucket({ burst: 3, perSecond: 1, now })
  expect(bucket.take(100)).toBe(0)
  expect(bucket.take(100)).toBe(3_000)
})

test('token bucket: tokens may be owed, and are paid off', () => {
  const { now, pass } = clock()
  const bucket = createTokenBucket({ burst: 10, perSecond: 10, now })
  expect(bucket.isFull).toBe(true)
  expect(bucket.spend(9)).toBe(0)
  expect(bucket.spend(6)).toBe(501)
  pass(501)
  expect(bucket.spend(0)).toBe(0)
  expect(bucket.isFull).toBe(false)
  pass(1_000)
  expect(bucket.isFull).toBe(true)
})

test('token bucket: a clock that is set back takes nothing away', () => {
  const { now, pass } = clock()
  const bucket = createTokenBucket({ burst: 2, perSecond: 1, now })
  bucket.take()
  pass(-5_000)
  expect(bucket.take()).toBe(0)
  expect(bucket.take()).toBe(1_000)
})

test('token buckets: each key has its own; the one that was used longest ago is forgotten, and full again', () => {
  const { now } = clock()
  const buckets = createTokenBuckets({ burst: 1, perSecond: 1, now, maxKeys: 2 })
  expect([buckets.take('a'), buckets.take('a'), buckets.take('b')]).toEqual([0, 1_000, 0])
  expect(buckets.take('a')).toBe(1_000)
  expect(buckets.take('c')).toBe(0)
  expect(buckets.take('a')).toBe(1_000)
  expect(buckets.take('b')).toBe(0)
})
