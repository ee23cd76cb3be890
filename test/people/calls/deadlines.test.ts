import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createDeadlines } from '../../../node/people/calls/deadlines.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

test('each is told once, in its time; one that was taken out is not, and one without an end never', () => {
  const deadlines = createDeadlines(() => performance.now())
  const late: string[] = []
  const add = (name: string, atMs: number) => {
    const deadline = { atMs: performance.now() + atMs, onLate: () => late.push(name) }
    deadlines.add(deadline)
    return deadline
  }
  add('third', 300)
  add('first', 100)
  const out = add('out', 200)
  add('never', Number.POSITIVE_INFINITY)
  vi.advanceTimersByTime(150)
  expect(late).toEqual(['first'])
  deadlines.delete(out)
  add('second', 50)
  vi.advanceTimersByTime(100)
  expect(late).toEqual(['first', 'second'])
  vi.advanceTimersByTime(1_000)
  expect([late, vi.getTimerCount()]).toEqual([['first', 'second', 'third'], 0])
})

test('thousands have one timer, and none once all are out', () => {
  const deadlines = createDeadlines(() => performance.now())
  const all = Array.from({ length: 5_000 }, (_, i) => ({ atMs: performance.now() + 1_000 + i, onLate: () => {} }))
  for (const deadline of all) deadlines.add(deadline)
  expect(vi.getTimerCount()).toBe(1)
  for (const deadline of all) deadlines.delete(deadline)
  expect(vi.getTimerCount()).toBe(0)
})
