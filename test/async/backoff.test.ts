import { expect, test } from 'vitest'
import { backoffMs, createBackoff } from '../../node/async/backoff.ts'

const middle = () => 0.5

test('backoff: doubles up to the longest wait, and begins anew after a success', () => {
  const backoff = createBackoff({ firstMs: 100, maxMs: 500 }, middle)
  expect([backoff.next(), backoff.next(), backoff.next(), backoff.next()]).toEqual([100, 200, 400, 500])
  expect(backoff.attempts).toBe(4)
  backoff.reset()
  expect(backoff.next()).toBe(100)
})

test('backoff: `factor` says how fast it grows', () => {
  expect(backoffMs(3, { firstMs: 100, maxMs: 10_000, factor: 3 }, middle)).toBe(900)
})

test('backoff: `jitter` spreads each wait evenly to both sides, the longest one too', () => {
  const options = { firstMs: 100, maxMs: 400, jitter: 0.25 }
  expect([0, 0.5, 1].map((random) => backoffMs(1, options, () => random))).toEqual([75, 100, 125])
  expect([0, 0.5, 1].map((random) => backoffMs(9, options, () => random))).toEqual([300, 400, 500])
  expect(backoffMs(2, { ...options, jitter: 0 }, () => 1)).toBe(200)
})

test('backoff: after very many failures it is still a number', () => {
  expect(backoffMs(5_000, { firstMs: 100, maxMs: 500 }, middle)).toBe(500)
})
