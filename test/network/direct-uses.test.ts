import type { Connection } from '@libp2p/interface'
import { expect, test, vi } from 'vitest'
import { createDirectUses } from '../../node/network/direct-uses.ts'

const connections = ['a', 'b', 'c'].map((id) => ({ remotePeer: { toString: () => id } }) as unknown as Connection)
const [a, b, c] = connections

test('direct uses: others are let in for the largest need that there is now, and not beyond the limit of all', () => {
  const uses = createDirectUses(3)
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

test('direct uses: a peer takes one place, however often it is connected, and one that is being dialled has a place', () => {
  const uses = createDirectUses(2)
  uses.need()
  const endDial = [uses.dial('d'), uses.dial('d')]
  expect(uses.isClosedTo('new', [a] as Connection[])).toBe(true)
  expect(uses.isClosedTo('d', [a] as Connection[])).toBe(false)
  expect(uses.isClosedTo('a', [a, a] as Connection[])).toBe(false)
  expect(uses.peers([a, a] as Connection[])).toEqual(new Set(['a', 'd']))
  for (const end of endDial) end()
  expect(uses.isClosedTo('new', [a] as Connection[])).toBe(false)
})

test('direct uses: a connection is idle once nothing went over it for so long, and never while somebody keeps it', () => {
  vi.useFakeTimers()
  try {
    const uses = createDirectUses(16)
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
