import { expect, test, vi } from 'vitest'
import { createSingleFlight } from '../../node/async/single-flight.ts'

test('single flight: callers of one key share the work, of another they do not, and later ones begin anew', async () => {
  const flights = createSingleFlight<string, number>()
  const gate = Promise.withResolvers<number>()
  const work = vi.fn(() => gate.promise)
  const both = [flights.run('a', work), flights.run('a', work)]
  const other = flights.run('b', () => Promise.resolve(2))
  expect([flights.has('a'), flights.size]).toEqual([true, 2])
  gate.resolve(1)
  expect(await Promise.all([...both, other])).toEqual([1, 1, 2])
  expect([work.mock.calls.length, flights.size]).toEqual([1, 0])
  await flights.run('a', work)
  expect(work).toHaveBeenCalledTimes(2)
})

test("single flight: only the last waiter's leaving ends it, and the next caller begins anew", async () => {
  const flights = createSingleFlight<string, number>()
  const signals: AbortSignal[] = []
  const work = (signal: AbortSignal) => {
    signals.push(signal)
    return new Promise<number>(() => {})
  }
  const [first, second] = [new AbortController(), new AbortController()]
  const left = [
    expect(flights.run('a', work, { signal: first.signal })).rejects.toThrow('first'),
    expect(flights.run('a', work, { signal: second.signal })).rejects.toThrow('second'),
  ]
  first.abort(new Error('first'))
  await left[0]
  expect(signals[0]?.aborted).toBe(false)
  second.abort(new Error('second'))
  await left[1]
  expect(signals[0]?.reason).toEqual(new Error('second'))
  expect(flights.has('a')).toBe(false)
  void flights.run('a', work)
  expect(signals.length).toBe(2)
})

test('single flight: a failure is everybody’s, and is not remembered', async () => {
  const flights = createSingleFlight<string, number>()
  const failing = () => Promise.reject(new Error('no'))
  const results = await Promise.allSettled([flights.run('a', failing), flights.run('a', failing)])
  expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  expect(await flights.run('a', () => Promise.resolve(1))).toBe(1)
})

test('single flight: an aborted caller begins nothing', async () => {
  const work = vi.fn()
  await expect(createSingleFlight().run('a', work, { signal: AbortSignal.abort(new Error('aborted')) })).rejects.toThrow('aborted')
  expect(work).not.toHaveBeenCalled()
})

test('single flight: `stop` aborts flights under way', async () => {
  const flights = createSingleFlight<string, number>()
  const result = flights.run('a', (signal) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))))
  flights.stop(new Error('stopped'))
  await expect(result).rejects.toThrow('stopped')
  expect(flights.size).toBe(0)
})
