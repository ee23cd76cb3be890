import fc from 'fast-check'
import { expect, test, vi } from 'vitest'
import { hasGapAt, isSelfAmongClosest } from '../../node/network/server-nearness.ts'
import { BUCKET_SIZE, compareDistance, createServerTable } from '../../node/network/server-table.ts'
import { createVirtualTime } from '../../scripts/simulate/virtual-time.ts'

const POSITION = fc.uint8Array({ minLength: 32, maxLength: 32 })
const at = (first: number, second = 0) => Uint8Array.from({ length: 32 }, (_, i) => (i === 0 ? first : i === 1 ? second : 0))

test('server-table: the nearest are those that sorting all of them gives, whatever their number', () => {
  fc.assert(
    fc.property(POSITION, fc.uniqueArray(POSITION, { maxLength: 30, selector: String }), fc.nat(40), (position, places, count) => {
      const table = createServerTable<string>(createVirtualTime().timers)
      for (const place of places) table.add(String(place), place)
      const sorted = places.toSorted((a, b) => compareDistance(position, a, b)).map(String)
      expect(table.closest(position, count)).toEqual(sorted.slice(0, count))
    }),
  )
})

test('server-table: this peer is among the nearest while fewer than so many are nearer', () => {
  const table = createServerTable<string>(createVirtualTime().timers)
  table.placeSelf(at(4))
  expect(isSelfAmongClosest(table, at(0), 1)).toBe(true)
  table.add('near', at(1))
  table.add('far', at(9))
  expect(isSelfAmongClosest(table, at(0), 1)).toBe(false)
  expect(isSelfAmongClosest(table, at(0), 2)).toBe(true)
})

test('server-table: changes that come together are one event, and none comes after the end', async () => {
  const { timers, pass } = createVirtualTime()
  const table = createServerTable<string>(timers)
  const changed = vi.fn()
  table.onChange(changed)
  table.add('a', at(1))
  table.add('a', at(1))
  table.remove('unknown')
  table.add('b', at(2))
  expect(changed).not.toHaveBeenCalled()
  await pass(1_000)
  expect(changed).toHaveBeenCalledTimes(1)
  table.remove('a')
  table.stop()
  await pass(1_000)
  expect(changed).toHaveBeenCalledTimes(1)
  expect([table.size, table.has('a'), table.has('b')]).toEqual([1, false, true])
})

test('server-table: there is a gap while it is being filled, and where a bucket is full', async () => {
  const { timers, pass } = createVirtualTime()
  const table = createServerTable<string>(timers)
  expect(hasGapAt(table, at(1))).toBe(false)
  for (let i = 0; i < BUCKET_SIZE; i++) table.add(`near ${i}`, at(1, i))
  expect([hasGapAt(table, at(1)), hasGapAt(table, at(255))]).toEqual([true, true])
  await pass(60_000)
  expect([hasGapAt(table, at(1)), hasGapAt(table, at(255))]).toEqual([true, false])
})

test('server-table: a table that waits for nobody is filled a second after its last change, where others are awaited after five', async () => {
  const { timers, pass } = createVirtualTime()
  const table = createServerTable<string>(timers)
  table.add('a', at(1))
  const gaps = () => [true, false].map((isAwaiting) => hasGapAt(table, at(255), () => isAwaiting))
  expect(gaps()).toEqual([true, true])
  await pass(1_000)
  expect(gaps()).toEqual([true, false])
  await pass(4_000)
  expect(gaps()).toEqual([false, false])
})

test('server-table: where a server has gone lately, those that come may be back, and it is filled after five seconds', async () => {
  const { timers, pass } = createVirtualTime()
  const table = createServerTable<string>(timers)
  for (const id of ['a', 'b']) table.add(id, at(1))
  const hasGap = () => hasGapAt(table, at(255), () => false)
  await pass(60_000)
  table.remove('a')
  await pass(20_000)
  table.add('a', at(1))
  await pass(1_000)
  expect(hasGap()).toBe(true)
  await pass(4_000)
  expect(hasGap()).toBe(false)
  await pass(10_000)
  table.add('c', at(1))
  await pass(1_000)
  expect(hasGap()).toBe(false)
})
