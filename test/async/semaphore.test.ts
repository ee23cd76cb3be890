import { expect, test } from 'vitest'
import { createSemaphore } from '../../node/async/semaphore.ts'

test('semaphore: so many at once, the others in the order of their asking', async () => {
  const semaphore = createSemaphore(2)
  const order: string[] = []
  const gates = new Map(['a', 'b', 'c', 'd'].map((name) => [name, Promise.withResolvers<void>()]))
  const all = [...gates].map(([name, gate]) =>
    semaphore.run(async () => {
      order.push(name)
      await gate.promise
    }),
  )
  await Promise.resolve()
  expect([semaphore.taken, semaphore.waiting]).toEqual([2, 2])
  gates.get('b')?.resolve()
  await all[1]
  await Promise.resolve()
  expect(order).toEqual(['a', 'b', 'c'])
  for (const { resolve } of gates.values()) resolve()
  await Promise.all(all)
  expect([order, semaphore.taken, semaphore.waiting]).toEqual([['a', 'b', 'c', 'd'], 0, 0])
})

test('semaphore: a waiter that gives up leaves its place in the queue to the next', async () => {
  const semaphore = createSemaphore(1)
  const release = await semaphore.acquire()
  const leaving = new AbortController()
  const left = expect(semaphore.acquire({ signal: leaving.signal })).rejects.toThrow('left')
  const next = semaphore.acquire()
  leaving.abort(new Error('left'))
  await left
  release()
  const releaseNext = await next
  expect([semaphore.taken, semaphore.waiting]).toEqual([1, 0])
  releaseNext()
  expect(semaphore.taken).toBe(0)
})

test('semaphore: a place is given back once, also by work that fails', async () => {
  const semaphore = createSemaphore(1)
  const release = semaphore.tryAcquire()
  expect(semaphore.tryAcquire()).toBe(undefined)
  release?.()
  const again = semaphore.tryAcquire()
  release?.()
  expect(semaphore.taken).toBe(1)
  again?.()
  await expect(semaphore.run(() => Promise.reject(new Error('no')))).rejects.toThrow('no')
  expect(semaphore.taken).toBe(0)
})
