import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { GIFTS_DEFAULTS, type Gift, Gifts } from '../../../browser/activity/gifts.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const gift = (to: string, bytes: number, isDirect = true): Gift => ({ type: 'served', key: 'k', to, bytes, isDirect })

it('gifts: the first is told at once, those of the next moment in sums by receiver and way, and then the first at once again', () => {
  const told: [to: string, bytes: number, isDirect: boolean, times: number][] = []
  const gifts = new Gifts(({ to, bytes, isDirect }, times) => told.push([to, bytes, isDirect, times]))
  const { tellEveryMs } = GIFTS_DEFAULTS
  gifts.add(gift('a', 1))
  expect(told.splice(0)).toEqual([['a', 1, true, 1]])
  for (const each of [gift('a', 2), gift('a', 3), gift('b', 4), gift('a', 5, false)]) gifts.add(each)
  expect(told).toEqual([])
  vi.advanceTimersByTime(tellEveryMs)
  expect(told.splice(0)).toEqual([
    ['a', 5, true, 2],
    ['b', 4, true, 1],
    ['a', 5, false, 1],
  ])
  vi.advanceTimersByTime(10 * tellEveryMs)
  expect(told).toEqual([])
  expect(vi.getTimerCount()).toBe(0)
  gifts.add(gift('a', 6))
  expect(told).toEqual([['a', 6, true, 1]])
})
