import { expect, test } from 'vitest'
import { InboxRate } from '../../../node/server/inbox/inbox-rate.ts'

test('rate: each sender has a minute of its own, which fills again with time', () => {
  let nowMs = 0
  const rate = new InboxRate({ perMinute: 3, now: () => nowMs })
  expect(Array.from({ length: 4 }, () => rate.take('a'))).toEqual([true, true, true, false])
  expect(rate.take('b')).toBe(true)
  nowMs += 20_000
  expect([rate.take('a'), rate.take('a')]).toEqual([true, false])
  nowMs += 600_000
  expect(Array.from({ length: 4 }, () => rate.take('a'))).toEqual([true, true, true, false])
})

test('rate: 0 is no limit', () => {
  const rate = new InboxRate({ perMinute: 0, now: () => 0 })
  expect(Array.from({ length: 1_000 }, () => rate.take('a')).every((isFree) => isFree)).toBe(true)
})

test('rate: throw-away senders do not make it forget who floods', () => {
  const rate = new InboxRate({ perMinute: 1, now: () => 0 })
  rate.take('flood')
  for (let i = 0; i < 30_000; i++) {
    rate.take(`sender ${i}`)
    if (i % 5_000 === 0) expect(rate.take('flood')).toBe(false)
  }
})
