import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createSilence } from '../../node/network/index.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

test('silence: is over when nothing was heard for as long as it may last, and each thing heard begins it anew', async () => {
  const silence = createSilence(1_000, 60_000)
  for (let i = 0; i < 5; i++) {
    await vi.advanceTimersByTimeAsync(900)
    silence.heard()
  }
  expect(silence.signal.aborted).toBe(false)
  await vi.advanceTimersByTimeAsync(1_250)
  expect(silence.signal.reason).toMatchObject({ name: 'TimeoutError' })
  expect(vi.getTimerCount()).toBe(0)
})

test('silence: whatever is heard, it is over after the longest time', async () => {
  const silence = createSilence(1_000, 3_000)
  for (let i = 0; i < 29; i++) {
    await vi.advanceTimersByTimeAsync(100)
    silence.heard()
  }
  expect(silence.signal.aborted).toBe(false)
  await vi.advanceTimersByTimeAsync(100)
  expect(silence.signal.aborted).toBe(true)
})

test('silence: a process that was held up reads what has arrived meanwhile before it gives anybody up', async () => {
  vi.useRealTimers()
  const silence = createSilence(40, 10_000)
  const { promise: answer, resolve } = Promise.withResolvers<void>()
  void answer.then(() => silence.heard())
  const heldUpTo = performance.now() + 200
  while (performance.now() < heldUpTo);
  setImmediate(resolve) // what the poll for arrived bytes does, behind the timers that are due
  await answer
  expect(silence.signal.aborted).toBe(false)
  silence.end()
})

test('silence: its end leaves no timer, and nothing is aborted any more', async () => {
  const silence = createSilence(1_000, 3_000)
  silence.end()
  expect(vi.getTimerCount()).toBe(0)
  await vi.advanceTimersByTimeAsync(10_000)
  expect(silence.signal.aborted).toBe(false)
})
