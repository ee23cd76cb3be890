import type { Connection } from '@libp2p/interface'
import { expect, test, vi } from 'vitest'
import { createDirectUses } from '../../node/network/direct-uses.ts'

const connections = ['a', 'b', 'c'].map((id) => ({ remotePeer: { toString: () => id } }) as unknown as Connection)
const [a, b, c] = connections

test('direct uses: others are let in for the largest need that there is now, and not beyond the limit of all', () => {
  const uses = createDirectUses(3, 1_000)
  const isClosed = (open: number, peer = 'new') => uses.isClosedTo(peer, connections.slice(0, open))
  expect(isClosed(0)).toBe(true)
  const people = uses.need(2)
  expect([isClosed(1), isClosed(2)]).toEqual([false, true])
  const content = uses.need()
  const greedy = uses.need(100)
  expect([isClosed(2), isClosed(3)]).toEqual([false, true])
  content()
  greedy()
  greedy()
  expect(isClosed(2)).toBe(true)
  people()
  expect(isClosed(0)).toBe(true)
})

test('direct uses: two connections of one peer take two places, and one that is being dialled has a place', () => {
  const uses = createDirectUses(2, 1_000)
  uses.need()
  const endDial = [uses.dial('d'), uses.dial('d')]
  expect(uses.places([a] as Connection[])).toBe(2)
  expect(['new', 'd', 'a'].map((peer) => uses.isClosedTo(peer, [a] as Connection[]))).toEqual([true, true, true])
  expect(uses.peers([a, a] as Connection[])).toEqual(new Set(['a', 'd']))
  for (const end of endDial) end()
  expect(['new', 'a'].map((peer) => uses.isClosedTo(peer, [a] as Connection[]))).toEqual([false, false])
  expect(uses.isClosedTo('a', [a, a] as Connection[])).toBe(true)
})

test('direct uses: of a crowd that comes at once no more are let in than have a place; one that does not connect loses it', () => {
  vi.useFakeTimers()
  try {
    const uses = createDirectUses(16, 8_000)
    uses.need(2)
    const come = (peer: string, open: readonly (Connection | undefined)[] = []) => {
      if (uses.isClosedTo(peer, open as Connection[])) return false
      uses.arrive(peer)
      return true
    }
    expect(['a', 'b', 'c', 'd'].map((peer) => come(peer))).toEqual([true, true, false, false])
    expect([uses.places([]), uses.isArriving('a'), uses.isArriving('c')]).toEqual([2, true, false])
    // The one that comes is not counted against itself when its connection opens, and then has one place.
    expect(uses.isClosedTo('a', [])).toBe(false)
    expect([uses.places([a] as Connection[]), come('c', [a])]).toEqual([2, false])
    vi.advanceTimersByTime(7_999)
    expect(come('c', [a])).toBe(false)
    vi.advanceTimersByTime(1)
    expect(come('c', [a])).toBe(true)
    vi.advanceTimersByTime(8_000)
    expect([uses.isArriving('c'), uses.places([])]).toEqual([false, 0])
  } finally {
    vi.useRealTimers()
  }
})

test('direct uses: a connection is idle once nothing went over it for so long, and never while somebody keeps it', () => {
  vi.useFakeTimers()
  try {
    const uses = createDirectUses(16, 1_000)
    expect(uses.idle(connections, 1_000)).toEqual([])
    const release = uses.keep('b')
    vi.advanceTimersByTime(900)
    uses.used('c')
    vi.advanceTimersByTime(200)
    expect(uses.idle(connections, 1_000)).toEqual([a])
    vi.advanceTimersByTime(2_000)
    expect(uses.idle([b, c] as Connection[], 1_000)).toEqual([c])
    release()
    release()
    expect(uses.idle([b] as Connection[], 1_000)).toEqual([]) // its time begins when it is let go
    vi.advanceTimersByTime(1_001)
    expect(uses.idle([b] as Connection[], 1_000)).toEqual([b])
  } finally {
    vi.useRealTimers()
  }
})
