import { expect, test } from 'vitest'
import { createQuota } from '../../node/async/quota.ts'

test('quota: limits places per key and in all, and says which limit was met', () => {
  const quota = createQuota({ max: 3, maxPerKey: 2 })
  const places = ['a', 'a', 'a', 'b', 'b'].map((key) => quota.enter(key))
  expect(places.map((place) => (typeof place === 'string' ? place : 'in'))).toEqual(['in', 'in', 'key-full', 'in', 'full'])
  expect([quota.size, quota.of('a'), quota.of('b'), quota.of('c')]).toEqual([3, 2, 1, 0])
})

test('quota: takes several at once, or none of them', () => {
  const quota = createQuota({ max: 5, maxPerKey: 3 })
  const leave = quota.enter('a', 2)
  expect([quota.enter('a', 2), quota.enter('b', 3), quota.enter('c', 2)].map((each) => typeof each)).toEqual([
    'string',
    'function',
    'string',
  ])
  if (typeof leave === 'function') leave()
  expect([quota.size, quota.of('a'), quota.of('b')]).toEqual([3, 0, 3])
})

test('quota: a place that was given back is free once, however often it is given back', () => {
  const quota = createQuota({ max: 2, maxPerKey: 2 })
  const [first] = [quota.enter('a'), quota.enter('a')]
  if (typeof first !== 'function') throw new Error('there was no place')
  first()
  first()
  expect([quota.size, quota.of('a')]).toEqual([1, 1])
  expect(quota.enter('b')).toBeTypeOf('function')
  expect(quota.enter('a')).toBe('full')
})

test('quota: without limits it counts', () => {
  const quota = createQuota()
  const leave = quota.enter('a', 1_000_000)
  quota.enter('a')
  expect([quota.size, quota.of('a')]).toEqual([1_000_001, 1_000_001])
  if (typeof leave === 'function') leave()
  expect(quota.of('a')).toBe(1)
})
