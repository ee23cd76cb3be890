import { expect, test } from 'vitest'
import { createRoundRobin } from '../../node/async/round-robin.ts'

test('round robin: lines take turns, and the items of one line keep their order', () => {
  const queue = createRoundRobin<string>()
  for (const item of ['a1', 'a2', 'a3', 'b1', 'c1', 'c2']) queue.push(item.slice(0, 1), item, 1)
  const taken: (string | undefined)[] = []
  for (let i = 0; i < 3; i++) taken.push(queue.take())
  queue.push('b', 'b2', 1)
  expect(queue.peek()).toBe('a2')
  while (queue.size > 0) taken.push(queue.take())
  expect(taken).toEqual(['a1', 'b1', 'c1', 'a2', 'c2', 'b2', 'a3'])
  expect([queue.take(), queue.peek()]).toEqual([undefined, undefined])
})

test('round robin: knows how many wait, and what they weigh', () => {
  const queue = createRoundRobin<string>()
  queue.push('a', 'x', 3)
  queue.push('a', 'y', 4)
  queue.push('b', 'z', 5)
  expect([queue.size, queue.weight]).toEqual([3, 12])
  queue.take()
  expect([queue.size, queue.weight]).toEqual([2, 9])
  queue.clear()
  expect([queue.size, queue.weight]).toEqual([0, 0])
})
