import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { delay } from '../../node/async/delay.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

test('delay: resolves when the time is over, not before', async () => {
  const done = vi.fn()
  void delay(1_000).then(done)
  await vi.advanceTimersByTimeAsync(999)
  expect(done).not.toHaveBeenCalled()
  await vi.advanceTimersByTimeAsync(1)
  expect(done).toHaveBeenCalledTimes(1)
})

test('delay: an abort ends it with its reason, and leaves no timer', async () => {
  const controller = new AbortController()
  const ended = expect(delay(1_000, { signal: controller.signal })).rejects.toThrow('aborted')
  controller.abort(new Error('aborted'))
  await ended
  expect(vi.getTimerCount()).toBe(0)
})
