import { expect, test } from 'vitest'
import { createSenderRate } from '../../../node/messages/admission/sender-rate.ts'

test('sender rate: a burst is fine, what is over it waits, and time makes it good', () => {
  let nowMs = 0
  const rate = createSenderRate({ burst: 3, perSecond: 2 }, () => nowMs)
  expect([1, 2, 3].map(() => rate.take('a'))).toEqual([0, 0, 0])
  expect(rate.take('a')).toBe(500)
  nowMs += 500
  expect([rate.take('a'), rate.take('a')]).toEqual([0, 500])
  nowMs += 60_000
  expect([1, 2, 3, 4].map(() => rate.take('a'))).toEqual([0, 0, 0, 500])
})

test('sender rate: each has its own', () => {
  const rate = createSenderRate({ burst: 1, perSecond: 1 }, () => 0)
  expect([rate.take('a'), rate.take('a'), rate.take('b')]).toEqual([0, 1_000, 0])
})

test('sender rate: a clock that is set back takes nothing away', () => {
  let nowMs = 3_600_000
  const rate = createSenderRate({ burst: 2, perSecond: 1 }, () => nowMs)
  rate.take('a')
  nowMs = 0
  expect(rate.take('a')).toBe(0)
  nowMs = 1_000
  expect(rate.take('a')).toBe(0)
})

test('sender rate: senders that are remembered are bounded, and whoever sends is not forgotten for a flood of others', () => {
  const rate = createSenderRate({ burst: 2, perSecond: 1, maxSenders: 3 }, () => 0)
  rate.take('a')
  for (const name of ['b', 'c']) rate.take(name)
  expect(rate.take('a')).toBe(0)
  for (const name of ['d', 'e']) rate.take(name)
  expect(rate.take('a')).toBe(1_000)
})
