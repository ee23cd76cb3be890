import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createByteRate, RATED_BYTES } from '../../node/async/byte-rate.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/** Takes on and on, as a stream does. */
function drain(rate: ReturnType<typeof createByteRate>, client: string) {
  const stop = new AbortController()
  const taken = { bytes: 0, stop: () => stop.abort() }
  const run = async () => {
    while (true) {
      await rate.take(client, RATED_BYTES, { signal: stop.signal })
      taken.bytes += RATED_BYTES
    }
  }
  run().catch(() => {})
  return taken
}

const RATE = 1_048_576

test('byte-rate: a client gets what it may take in a second, and a little at first', async () => {
  const rate = createByteRate({ bytesPerSecond: () => RATE })
  const taken = drain(rate, 'a')
  await vi.advanceTimersByTimeAsync(0)
  expect(taken.bytes).toBe(RATE / 4)
  await vi.advanceTimersByTimeAsync(10_000)
  expect(Math.abs(taken.bytes - 10.25 * RATE)).toBeLessThanOrEqual(2 * RATED_BYTES)
  taken.stop()
})

test('byte-rate: what cannot be taken now is not waited for, and one who waits goes first', async () => {
  const rate = createByteRate({ bytesPerSecond: () => RATE })
  expect([rate.takeNow('a', RATE / 2), rate.takeNow('a', 1), rate.takeNow('b', 1)]).toEqual([true, false, true])
  let isTaken = false
  void rate.take('a', 1).then(() => (isTaken = true))
  await vi.advanceTimersByTimeAsync(240)
  expect([isTaken, rate.takeNow('a', 1)]).toEqual([false, false])
  await vi.advanceTimersByTimeAsync(20)
  expect([isTaken, rate.takeNow('a', 1)]).toEqual([true, true])
  expect(createByteRate({ bytesPerSecond: () => 0 }).takeNow('a', RATE)).toBe(true)
})

test('byte-rate: the streams of one client share its rate evenly, and another client has its own', async () => {
  const rate = createByteRate({ bytesPerSecond: () => RATE })
  const [first, second, other] = [drain(rate, 'a'), drain(rate, 'a'), drain(rate, 'b')]
  await vi.advanceTimersByTimeAsync(10_000)
  expect(Math.abs(first.bytes - second.bytes)).toBeLessThanOrEqual(2 * RATED_BYTES)
  expect(Math.abs(first.bytes + second.bytes - other.bytes)).toBeLessThanOrEqual(2 * RATED_BYTES)
  for (const each of [first, second, other]) each.stop()
})

test('byte-rate: urgent bytes go before waiting ones, and a caller that gives up costs nothing', async () => {
  const rate = createByteRate({ bytesPerSecond: () => RATE })
  await rate.take('a', 2 * RATE)
  const order: string[] = []
  const stop = new AbortController()
  const gone = expect(rate.take('a', RATE, { signal: stop.signal })).rejects.toThrow('gone')
  void rate.take('a', RATED_BYTES).then(() => order.push('piece'))
  void rate.take('a', RATED_BYTES, { isUrgent: true }).then(() => order.push('outline'))
  stop.abort(new Error('gone'))
  await gone
  await vi.advanceTimersByTimeAsync(1_700)
  expect(order).toEqual([])
  await vi.advanceTimersByTimeAsync(300)
  expect(order).toEqual(['outline', 'piece'])
})

test('byte-rate: without a limit nobody waits', async () => {
  const rate = createByteRate({ bytesPerSecond: () => 0 })
  expect(rate.isLimited).toBe(false)
  for (let i = 0; i < 1_000; i++) await rate.take('a', 2 ** 40)
})

test('byte-rate: a rate that changes counts from then on, and none lets those that wait go', async () => {
  let bytesPerSecond = RATE
  const rate = createByteRate({ bytesPerSecond: () => bytesPerSecond })
  const taken = drain(rate, 'a')
  await vi.advanceTimersByTimeAsync(2_000)
  const before = taken.bytes
  bytesPerSecond = 4 * RATE
  await vi.advanceTimersByTimeAsync(2_000)
  expect(Math.abs(taken.bytes - before - 8 * RATE)).toBeLessThanOrEqual(RATE)
  taken.stop()
  await rate.take('b', 8 * RATE)
  let isGone = false
  void rate.take('b', RATED_BYTES).then(() => {
    isGone = true
  })
  bytesPerSecond = 0
  await vi.advanceTimersByTimeAsync(2_500) // it was due then
  expect([isGone, rate.isLimited]).toEqual([true, false])
})
