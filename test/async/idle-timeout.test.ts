import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createIdleTimeout } from '../../node/async/idle-timeout.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

test('idle timeout: is over when nothing was heard for as long as it may last, and each thing heard begins it anew', async () => {
  const idle = createIdleTimeout(1_000, 60_000)
  for (let i = 0; i < 5; i++) {
    await vi.advanceTimersByTimeAsync(900)
    idle.touch()
  }
  expect(idle.signal.aborted).toBe(false)
  await vi.advanceTimersByTimeAsync(1_250)
  expect(idle.signal.reason).toMatchObject({ name: 'TimeoutError' })
  expect(vi.getTimerCount()).toBe(0)
})

test('idle timeout: whatever is heard, it is over after the longest time', async () => {
  const idle = createIdleTimeout(1_000, 3_000)
  for (let i = 0; i < 29; i++) {
    await vi.advanceTimersByTimeAsync(100)
    idle.touch()
  }
  expect(idle.signal.aborted).toBe(false)
  await vi.advanceTimersByTimeAsync(100)
  expect(idle.signal.aborted).toBe(true)
})

test('idle timeout: a process that was held up reads what has arrived meanwhile before it gives anybody up', async () => {
  vi.useRealTimers()
  const idle = createIdleTimeout(40, 10_000)
  const { promise: answer, resolve } = Promise.withResolvers<void>()
  void answer.then(() => idle.touch())
  const heldUpTo = performance.now() + 200
  while (performance.now() < heldUpTo);
  setImmediate(resolve) // what the poll for arrived bytes does, behind the timers that are due
  await answer
  expect(idle.signal.aborted).toBe(false)
  idle.end()
})

test('idle timeout: its end leaves no timer, and nothing is aborted any more', async () => {
  const idle = createIdleTimeout(1_000, 3_000)
  idle.end()
  expect(vi.getTimerCount()).toBe(0)
  await vi.advanceTimersByTimeAsync(10_000)
  expect(idle.signal.aborted).toBe(false)
})
