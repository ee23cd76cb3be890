import { expect, test } from 'vitest'
import { createRecentMap } from '../../node/async/recent-map.ts'

/** Three entries are written, the first is read and then the second written again; a fourth evicts one. */
function evicted(order: 'used' | 'written' | 'added' | undefined): string[] {
  const gone: string[] = []
  const map = createRecentMap<string, number>({
    maxEntries: 3,
    ...(order && { order }),
    onEvict: (key, value) => gone.push(`${key}${value}`),
  })
  for (const key of ['a', 'b', 'c']) map.set(key, 1)
  expect(map.get('a')).toBe(1)
  map.set('b', 2)
  map.set('d', 1)
  map.set('e', 1)
  return gone
}

test('recent map: evicts what was used, written or added longest ago, as it was asked to', () => {
  expect(evicted('used')).toEqual(['c1', 'a1'])
  expect(evicted('written')).toEqual(['a1', 'c1'])
  expect(evicted('added')).toEqual(['a1', 'b2'])
  expect(evicted(undefined)).toEqual(evicted('used'))
})

test('recent map: holds no more than its bound, and tells nobody of what was deleted or replaced', () => {
  const gone: string[] = []
  const map = createRecentMap<string, number>({ maxEntries: 2, onEvict: (key) => gone.push(key) })
  for (let i = 0; i < 100; i++) map.set(`${i % 2}`, i)
  expect(map.delete('0')).toBe(true)
  expect(map.delete('0')).toBe(false)
  map.clear()
  expect([map.size, gone]).toEqual([0, []])
})

test('recent map: a look leaves an entry as old as it is, and its order can be read, oldest first', () => {
  const map = createRecentMap<string, number>({ maxEntries: 3 })
  for (const key of ['a', 'b', 'c']) map.set(key, 1)
  expect([map.peek('a'), map.has('b')]).toEqual([1, true])
  expect([...map.keys()]).toEqual(['a', 'b', 'c'])
  map.get('a')
  expect([...map].map(([key]) => key)).toEqual(['b', 'c', 'a'])
  expect([...map.values()]).toEqual([1, 1, 1])
})

test('recent map: makes a missing entry, once', () => {
  const map = createRecentMap<string, object>({ maxEntries: 1 })
  const made = map.getOrCreate('a', () => ({}))
  expect(map.getOrCreate('a', () => ({}))).toBe(made)
  map.getOrCreate('b', () => ({}))
  expect(map.getOrCreate('a', () => ({}))).not.toBe(made)
})
