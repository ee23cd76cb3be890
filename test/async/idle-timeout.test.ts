import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createIdleTimeout } from '../../node/async/idle-timeout.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => {
  vi.restoreAllMocks()
  vi.useRealTimers()
})

/** An idle timeout, and whether its own timer runs: the process may have others. */
function createWatched(limitMs: number, longestMs?: number) {
  const setting = vi.spyOn(globalThis, 'setInterval')
  const clearing = vi.spyOn(globalThis, 'clearInterval')
  const idle = createIdleTimeout(limitMs, longestMs)
  const timer = setting.mock.results[0]?.value
  return { idle, hasTimer: () => !clearing.mock.calls.some(([cleared]) => cleared === timer) }
}

test('idle timeout: aborts when nothing is received for the idle time; each touch begins it anew', async () => {
  const { idle, hasTimer } = createWatched(1_000, 60_000)
  for (let i = 0; i < 5; i++) {
    await vi.advanceTimersByTimeAsync(900)
    idle.touch()
  }
  expect(idle.signal.aborted).toBe(false)
  await vi.advanceTimersByTimeAsync(1_250)
  expect(idle.signal.reason).toMatchObject({ name: 'TimeoutError' })
  expect(hasTimer()).toBe(false)
})

test('idle timeout: aborts after the longest time, whatever is received', async () => {
  const idle = createIdleTimeout(1_000, 3_000)
  for (let i = 0; i < 29; i++) {
    await vi.advanceTimersByTimeAsync(100)
    idle.touch()
  }
  expect(idle.signal.aborted).toBe(false)
  await vi.advanceTimersByTimeAsync(100)
  expect(idle.signal.aborted).toBe(true)
})

test('idle timeout: after a pause of the whole process, what has arrived meanwhile is read before anything is aborted', async () => {
  vi.useRealTimers()
  const idle = createIdleTimeout(40, 10_000)
  const { promise: answer, resolve } = Promise.withResolvers<void>()
  void answer.then(() => idle.touch())
  const heldUpTo = performance.now() + 200
  while (performance.now() < heldUpTo);
  setImmediate(resolve) // as the poll for arrived bytes does, behind the timers that are due
  await answer
  expect(idle.signal.aborted).toBe(false)
  idle.end()
})

test('idle timeout: end() leaves no timer, and nothing is aborted any more', async () => {
  const { idle, hasTimer } = createWatched(1_000, 3_000)
  expect(hasTimer()).toBe(true)
  idle.end()
  expect(hasTimer()).toBe(false)
  await vi.advanceTimersByTimeAsync(10_000)
  expect(idle.signal.aborted).toBe(false)
})
