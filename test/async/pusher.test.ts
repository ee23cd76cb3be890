import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createPusher } from '../../node/async/pusher.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

test('pusher: tells of the first change at once', () => {
  const push = vi.fn()
  createPusher(push, 100).changed()
  expect(push).toHaveBeenCalledTimes(1)
})

test('pusher: tells of a burst twice, when it begins and when the time is over', () => {
  const push = vi.fn()
  const pusher = createPusher(push, 100)
  for (let i = 0; i < 1_000; i++) pusher.changed()
  expect(push).toHaveBeenCalledTimes(1)
  vi.advanceTimersByTime(99)
  expect(push).toHaveBeenCalledTimes(1)
  vi.advanceTimersByTime(1)
  expect(push).toHaveBeenCalledTimes(2)
  vi.advanceTimersByTime(1_000)
  expect(push).toHaveBeenCalledTimes(2)
})

test('pusher: tells of steady change no more often than it may', () => {
  const push = vi.fn()
  const pusher = createPusher(push, 100)
  for (let ms = 0; ms < 1_000; ms += 10) {
    pusher.changed()
    vi.advanceTimersByTime(10)
  }
  expect(push.mock.calls.length).toBeLessThanOrEqual(11)
  expect(push.mock.calls.length).toBeGreaterThanOrEqual(10)
})

test('pusher: tells at once again after a rest', () => {
  const push = vi.fn()
  const pusher = createPusher(push, 100)
  pusher.changed()
  vi.advanceTimersByTime(100)
  pusher.changed()
  expect(push).toHaveBeenCalledTimes(2)
})

test('pusher: is silent once it is stopped, and leaves no timer', () => {
  const push = vi.fn()
  const pusher = createPusher(push, 100)
  pusher.changed()
  pusher.changed()
  pusher.stop()
  expect(vi.getTimerCount()).toBe(0)
  vi.advanceTimersByTime(1_000)
  expect(push).toHaveBeenCalledTimes(1)
})
