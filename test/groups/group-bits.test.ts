import { expect, test } from 'vitest'
import { estimateServers, GROUP_FLOORS, MAX_GROUP_BITS, nextBits, restingBits } from '../../node/groups/group-bits.ts'

/** Sizes at which a network that grows, or shrinks, changes its bits by one look after the other. */
function changes(from: number, to: number, floors = GROUP_FLOORS): [servers: number, bits: number][] {
  const seen: [number, number][] = []
  let bits = from < to ? 0 : restingBits(from, floors)
  for (let servers = from; servers !== to; servers += from < to ? 1 : -1) {
    const next = nextBits(bits, servers, floors)
    if (next !== bits) seen.push([servers, next])
    bits = next
  }
  return seen
}

test('group bits: a network that grows is one group up to 48 servers, and splits where the groups are as large as there are many', () => {
  expect(changes(1, 30_000)).toEqual([
    [49, 1],
    [97, 2],
    [193, 3],
    [401, 4],
    [1_601, 5],
    [6_401, 6],
    [25_601, 7],
  ])
})

test('group bits: a split is undone only when more than a third of the servers have left', () => {
  const splits = new Map(changes(1, 30_000).map(([servers, bits]) => [bits, servers]))
  for (const [servers, bits] of changes(30_000, 1)) expect(servers / (splits.get(bits + 1) ?? 0)).toBeLessThan(2 / 3)
})

test('group bits: the floors are options, so that 24 servers have one bit and 64 have two', () => {
  const floors = { splitFloor: 8, mergeFloor: 2 }
  expect([8, 24, 64].map((servers) => restingBits(servers, floors))).toEqual([0, 1, 2])
})

test('group bits: one bit at a look, never above the most', () => {
  expect(nextBits(0, 1_000_000)).toBe(1)
  expect(nextBits(MAX_GROUP_BITS, 1e12)).toBe(MAX_GROUP_BITS)
  expect(nextBits(0, 0)).toBe(0)
})

test('group bits: the median of what the groups say holds where some of them are crowded, lie, or have said nothing', () => {
  const honest = Array.from({ length: 5 }, () => ({ bits: 3, size: 30 }))
  expect(estimateServers([...honest, { bits: 3, size: 90 }, { bits: 4, size: 15 }])).toBe(240)
  expect(
    estimateServers([
      { bits: 1, size: 14 },
      { bits: 1, size: 10 },
    ]),
  ).toBe(24)
  expect(estimateServers([...honest, { bits: 12, size: 1e9 }, { bits: 3, size: 1e9 }])).toBe(240)
  expect(
    estimateServers([
      { bits: 0, size: 4 },
      { bits: -1, size: 1 },
      { bits: 40, size: 9 },
      { bits: 2, size: 0 },
    ]),
  ).toBe(4)
})
