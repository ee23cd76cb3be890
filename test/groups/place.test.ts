import { expect, test } from 'vitest'
import { groupOf, isNearer, nearestTo, placeOf, sharedBits } from '../../node/groups/place.ts'
import { compareDistance } from '../../node/network/server-table.ts'
import { createSeededRandom } from '../../scripts/simulate/seeded-random.ts'

const random = createSeededRandom(5)
const positions = Array.from({ length: 60 }, () => random.bytes(32))
const servers = positions.map((position, index) => ({ id: String(index), place: placeOf(position), position }))

test('places: the nearest are those that whole positions give, in their order, also where a place is in a view of a buffer', () => {
  for (const target of positions) {
    const expected = [...servers].sort((a, b) => compareDistance(target, a.position, b.position))
    const view = new Uint8Array([1, 2, 3, ...target]).subarray(3)
    expect(nearestTo(placeOf(view), servers, 7)).toEqual(expected.slice(0, 7))
    expect(nearestTo(placeOf(target), servers, 100)).toEqual(expected)
  }
  expect(nearestTo(placeOf(positions[0] as Uint8Array), [], 3)).toEqual([])
})

test('places: the first bits are a group, and places of one group share them', () => {
  const place = { high: 0xb0000000, low: 0 }
  expect([0, 1, 2, 4].map((bits) => groupOf(place, bits))).toEqual([0, 1, 2, 11])
  expect(sharedBits(place, { high: 0xb8000000, low: 5 })).toBe(4)
  expect(sharedBits(place, place)).toBe(32)
})

test('places: those that share their first 32 bits are told apart by the next', () => {
  const target = { high: 7, low: 0xffffffff }
  expect(isNearer(target, { high: 7, low: 0xfffffff0 }, { high: 7, low: 1 })).toBe(true)
  expect(isNearer(target, { high: 7, low: 1 }, { high: 7, low: 1 })).toBe(false)
})
