import { expect, test } from 'vitest'
import { createFrameAllowance } from '../../node/network/frame-allowance.ts'

const OPTIONS = { burst: 10, perSecond: 10, maxSlowedMs: 1_000 }

function createClock() {
  let nowMs = 0
  return { now: () => nowMs, pass: (ms: number) => (nowMs += ms) }
}

test('frame allowance: burst: so many frames are free, then the peer waits', () => {
  const { now } = createClock()
  const allowance = createFrameAllowance(OPTIONS, now)
  const waits = Array.from({ length: 11 }, () => allowance.spend())
  expect(waits.slice(0, 9)).toEqual(Array(9).fill(0))
  expect(waits[10]).toBeGreaterThan(0)
})

test('frame allowance: perSecond: a peer below the rate never waits', () => {
  const { now, pass } = createClock()
  const allowance = createFrameAllowance(OPTIONS, now)
  for (let i = 0; i < 1_000; i++) {
    pass(101)
    expect(allowance.spend()).toBe(0)
  }
})

test('frame allowance: data frames that are sent pay for the frames that answer them', () => {
  const { now } = createClock()
  const allowance = createFrameAllowance(OPTIONS, now)
  for (let i = 0; i < 1_000; i++) {
    allowance.earn()
    expect([allowance.spend(), allowance.spend()]).toEqual([0, 0])
  }
})

test('frame allowance: maxSlowedMs: a peer that goes on while it is slowed is cut', () => {
  const { now, pass } = createClock()
  const allowance = createFrameAllowance(OPTIONS, now)
  let slowedMs = 0
  expect(() => {
    for (;;) {
      const pauseMs = allowance.spend()
      pass(pauseMs)
      slowedMs += pauseMs
    }
  }).toThrow(expect.objectContaining({ code: 'ERR_LIMIT' }))
  expect(slowedMs).toBeLessThanOrEqual(OPTIONS.maxSlowedMs)
  expect(slowedMs).toBeGreaterThan(OPTIONS.maxSlowedMs / 2)
})

test('frame allowance: a peer that was slowed and mended is not cut for another burst later', () => {
  const { now, pass } = createClock()
  const allowance = createFrameAllowance(OPTIONS, now)
  for (let day = 0; day < 20; day++) {
    for (let i = 0; i < 12; i++) pass(allowance.spend())
    pass(2_000)
  }
})
