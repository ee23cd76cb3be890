import { expect, test } from 'vitest'
import { ProblemError } from '../../gateway/http/problem.ts'
import { createClientQuota } from '../../gateway/limits/client-quota.ts'
import { createRateLimit } from '../../gateway/limits/rate-limit.ts'
import { clientAt } from '../helpers/gateway.ts'

function refusal(action: () => unknown): ProblemError['problem'] | null {
  try {
    action()
    return null
  } catch (error) {
    if (error instanceof ProblemError) return error.problem
    throw error
  }
}

test('RateLimit: a burst passes, the next is refused, and time brings tokens back', () => {
  let nowMs = 0
  const rate = createRateLimit({ burst: 3, perSecond: 2, now: () => nowMs, words: { does: 'searches', things: 'searches' } })
  for (let i = 0; i < 3; i++) rate.take(clientAt('192.0.2.1'))
  expect(refusal(() => rate.take(clientAt('192.0.2.1')))).toMatchObject({ status: 429, code: 'ERR_LIMIT', retryAfterS: 1 })
  rate.take(clientAt('192.0.2.2'))
  nowMs = 500
  rate.take(clientAt('192.0.2.1'))
  expect(refusal(() => rate.take(clientAt('192.0.2.1')))).not.toBeNull()
  nowMs = 1_000_000
  for (let i = 0; i < 3; i++) rate.take(clientAt('192.0.2.1'))
  expect(refusal(() => rate.take(clientAt('192.0.2.1')))).not.toBeNull()
})

test('RateLimit: all addresses of one IPv6 network share a bucket', () => {
  const rate = createRateLimit({ burst: 1, perSecond: 1, now: () => 0, words: { does: 'searches', things: 'searches' } })
  rate.take(clientAt('2001:db8::1'))
  expect(refusal(() => rate.take(clientAt('2001:db8::2')))).not.toBeNull()
  expect(refusal(() => rate.take(clientAt('2001:db8:0:1::2')))).toBeNull()
})

test('ClientQuota: each client and all together have a limit, and leaving makes room', () => {
  const open = createClientQuota({ maxOpen: 3, maxOpenPerAddress: 2 })
  const leave = open.enter(clientAt('192.0.2.1'))
  open.enter(clientAt('192.0.2.1'))
  expect(refusal(() => open.enter(clientAt('192.0.2.1')))).toMatchObject({ status: 429, code: 'ERR_LIMIT' })
  open.enter(clientAt('192.0.2.2'))
  expect(refusal(() => open.enter(clientAt('192.0.2.3')))).toMatchObject({ status: 429, code: 'ERR_LIMIT' })
  leave()
  leave()
  expect(open.size).toBe(2)
  open.enter(clientAt('192.0.2.1'))
  expect(refusal(() => open.enter(clientAt('192.0.2.1')))).not.toBeNull()
})
