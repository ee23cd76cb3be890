import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createSoon } from '../../node/async/soon.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

test('soon: done once for all who ask meanwhile, and again for those who ask later', () => {
  const work = vi.fn()
  const soon = createSoon(work)
  soon.ask(100)
  vi.advanceTimersByTime(60)
  soon.ask(100)
  vi.advanceTimersByTime(40)
  expect(work).toHaveBeenCalledTimes(1)
  soon.ask(10)
  vi.advanceTimersByTime(10)
  expect(work).toHaveBeenCalledTimes(2)
})

test('soon: cancelled, it is not done, and leaves no timer', () => {
  const work = vi.fn()
  const soon = createSoon(work)
  expect(soon.cancel()).toBe(false)
  soon.ask(100)
  expect(soon.cancel()).toBe(true)
  expect(vi.getTimerCount()).toBe(0)
  soon.ask(5)
  vi.advanceTimersByTime(5)
  expect(work).toHaveBeenCalledTimes(1)
})
