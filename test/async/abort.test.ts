import { getEventListeners, once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { expect, test, vi } from 'vitest'
import { abortable, inTime, onAbort, raceAbort, timeoutSignal } from '../../node/async/abort.ts'
import { readTrackedFiles } from '../../scripts/checks/tracked-files.ts'

const listenersOf = (signal: AbortSignal) => getEventListeners(signal, 'abort').length

test('race: a promise that fails after the signal was aborted troubles nobody', async () => {
  const unhandled: unknown[] = []
  const listen = (reason: unknown) => unhandled.push(reason)
  process.on('unhandledRejection', listen)
  const { promise, reject } = Promise.withResolvers<void>()
  await expect(raceAbort(promise, AbortSignal.abort(new Error('aborted')))).rejects.toThrow('aborted')
  reject(new Error('later'))
  await new Promise((resolve) => setImmediate(resolve))
  process.off('unhandledRejection', listen)
  expect(unhandled).toEqual([])
})

test('race: however it ends, no listener stays on the signal', async () => {
  const { signal } = new AbortController()
  expect(await raceAbort(Promise.resolve(1), signal)).toBe(1)
  await expect(raceAbort(Promise.reject(new Error('no')), signal)).rejects.toThrow('no')
  expect(listenersOf(signal)).toBe(0)
})

test('race: without a signal it is the promise', async () => {
  expect(await raceAbort(Promise.resolve(1), undefined)).toBe(1)
})

test('abortable: nothing is started under an aborted signal', async () => {
  const start = vi.fn()
  await expect(abortable(AbortSignal.abort(new Error('aborted')), start)).rejects.toThrow('aborted')
  expect(start).not.toHaveBeenCalled()
})

test.each([
  ['resolved', (resolve: (value: number) => void) => resolve(1)],
  ['rejected', (_: unknown, reject: (reason: unknown) => void) => reject(new Error('no'))],
  ['aborted', (_: unknown, __: unknown, controller: AbortController) => controller.abort(new Error('aborted'))],
])('abortable: %s, it is cleaned up once, and its listener is gone', async (_, settle) => {
  for (const isAtOnce of [true, false]) {
    const controller = new AbortController()
    const cleanUp = vi.fn()
    await abortable<number>(controller.signal, (resolve, reject) => {
      const later = () => settle(resolve, reject, controller)
      if (isAtOnce) later()
      else queueMicrotask(later)
      return cleanUp
    }).catch(() => {})
    controller.abort()
    expect(cleanUp).toHaveBeenCalledTimes(1)
    expect(listenersOf(controller.signal)).toBe(0)
  }
})

test('abortable: an error thrown by start is its rejection', async () => {
  await expect(
    abortable(undefined, () => {
      throw new Error('broken')
    }),
  ).rejects.toThrow('broken')
})

test('onAbort: an aborted signal calls its listener at once; a removed listener is not called', () => {
  const listener = vi.fn()
  onAbort(AbortSignal.abort(), listener)
  expect(listener).toHaveBeenCalledTimes(1)
  const controller = new AbortController()
  const off = onAbort(controller.signal, listener)
  off()
  off()
  controller.abort()
  expect(listener).toHaveBeenCalledTimes(1)
  onAbort(undefined, listener)()
  expect(listener).toHaveBeenCalledTimes(1)
})

test('inTime: resolves when the time is over, and leaves no timer when the promise was sooner', async () => {
  vi.useFakeTimers()
  try {
    let isOver = false
    const never = inTime(new Promise(() => {}), 1_000).then(() => {
      isOver = true
    })
    await vi.advanceTimersByTimeAsync(999)
    expect(isOver).toBe(false)
    await vi.advanceTimersByTimeAsync(1)
    await never
    await inTime(Promise.resolve(), 1_000)
    expect(vi.getTimerCount()).toBe(0)
  } finally {
    vi.useRealTimers()
  }
})

test('timeout signal: is aborted in time, with a TimeoutError', async () => {
  const signal = timeoutSignal(1)
  await new Promise<void>((resolve) => onAbort(signal, resolve))
  expect(signal.reason).toMatchObject({ name: 'TimeoutError' })
})

test('timeout signal: signals made of it are let go of once it is over', async () => {
  const census = new Worker(new URL('../helpers/signal-census.ts', import.meta.url))
  expect(await once(census, 'exit')).toEqual([0])
})

test('timeout signal: nothing that runs in Node.js uses AbortSignal.timeout', () => {
  const users = readTrackedFiles(/^(node|gateway)\/.*\.ts$/).filter(({ text }) => text.includes('AbortSignal.timeout('))
  expect(users.map(({ path }) => path)).toEqual([])
})
