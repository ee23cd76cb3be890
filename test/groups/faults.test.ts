import { expect, test } from 'vitest'
import { createFaults, FAULT_MS } from '../../node/groups/faults.ts'
import { createVirtualTime } from '../../scripts/simulate/virtual-time.ts'

test('faults: the second fault of a delegate costs it its place', () => {
  const faults = createFaults(createVirtualTime().timers)
  expect([faults.add('a'), faults.add('b'), faults.add('a')]).toEqual([false, false, true])
  expect(['a', 'b', 'c'].map(faults.countOf)).toEqual([2, 1, 0])
})

test('faults: a fault is forgotten after a while without another', () => {
  const { timers, passAtOnce } = createVirtualTime()
  const faults = createFaults(timers)
  faults.add('a')
  passAtOnce(FAULT_MS - 1)
  expect([faults.countOf('a'), faults.add('a')]).toEqual([1, true])
  passAtOnce(FAULT_MS)
  expect([faults.countOf('a'), faults.add('a')]).toEqual([0, false])
})

test('faults: a delegate without room is one for a while, which is news once', () => {
  const { timers, passAtOnce } = createVirtualTime()
  const faults = createFaults(timers)
  expect([faults.isFull('a'), faults.noteFull('a'), faults.noteFull('a'), faults.isFull('a')]).toEqual([false, true, false, true])
  expect(faults.countOf('a')).toBe(0)
  passAtOnce(FAULT_MS)
  expect([faults.isFull('a'), faults.noteFull('a')]).toEqual([false, true])
})
