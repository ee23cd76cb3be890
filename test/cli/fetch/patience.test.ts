import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createPatience } from '../../../node/cli/fetch/patience.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

test('patience: ends when nothing is heard for too long, and begins again with each thing heard', async () => {
  const patience = createPatience()
  patience.renew(100)
  vi.advanceTimersByTime(99)
  patience.renew(50)
  vi.advanceTimersByTime(49)
  expect(patience.signal.aborted).toBe(false)
  vi.advanceTimersByTime(1)
  expect(patience.signal.reason).toMatchObject({ name: 'TimeoutError' })
})

test('patience: has no end while a stream is heard, and none after it', async () => {
  const patience = createPatience()
  const chunks = (async function* () {
    for (let i = 0; i < 10; i++) {
      vi.advanceTimersByTime(99)
      yield new Uint8Array([i])
    }
  })()
  const heard: number[] = []
  for await (const [byte] of patience.listen(chunks, 100)) heard.push(byte ?? -1)
  expect(heard).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
  vi.advanceTimersByTime(1000)
  expect(patience.signal.aborted).toBe(false)
})

test('patience: ends at once when its caller says so', () => {
  const reason = new Error('enough')
  const stopping = new AbortController()
  const patience = createPatience({ signal: stopping.signal })
  stopping.abort(reason)
  expect(patience.signal.reason).toBe(reason)
})
