import type { PeerId } from '@libp2p/interface'
import { beforeAll, expect, test, vi } from 'vitest'
import { TIMERS } from '../../node/async/timers.ts'
import type { RoutingTable } from '../../node/network/index.ts'
import { createNodePlacement, createTabPlacement, RECORD_NODES } from '../../node/rendezvous/placement.ts'
import { createVirtualTime } from '../../scripts/simulate/virtual-time.ts'
import { createSeededPeer, type SeededPeer } from '../helpers/seeded-peer.ts'

const POSITION = new Uint8Array(32)

let peers: SeededPeer[]
beforeAll(async () => {
  peers = await Promise.all([1, 2, 3, 4, 5].map(createSeededPeer))
})

/** Delegates that take all leases. */
const WITH_ROOM = { onFull() {}, isFull: () => false }

/** Servers in the order of their distance, and whether this peer would be among the nearest. */
const tableOf = (near: SeededPeer[], { isSelfNear = false, hasGap = false } = {}) =>
  ({
    closest: (_position: Uint8Array, count: number) => near.slice(0, count).map(({ peer }) => peer),
    positionOfSelf: () => new Uint8Array(32).fill(255),
    placed: () => (isSelfNear ? [] : near.map(({ peer }) => ({ name: peer, position: POSITION }))),
    quietMs: () => (hasGap ? 0 : Number.POSITIVE_INFINITY),
    async *walk() {
      for (const { peer } of peers) yield peer
    },
  }) as unknown as RoutingTable
const ids = (list: PeerId[]) => list.map(String)
async function walked(walk: AsyncIterable<PeerId>): Promise<string[]> {
  const list: PeerId[] = []
  for await (const peer of walk) list.push(peer)
  return ids(list)
}

test('placement: a node turns to the record nodes of a key, the nearest servers', () => {
  expect(ids(createNodePlacement(tableOf(peers)).targets(POSITION))).toEqual(peers.slice(0, RECORD_NODES).map(({ id }) => id))
})

test('placement: a node that is a record node itself is one of them', () => {
  const placement = createNodePlacement(tableOf(peers, { isSelfNear: true }))
  expect(placement.keepsRecords(POSITION)).toBe(true)
  expect(placement.targets(POSITION)).toHaveLength(RECORD_NODES - 1)
})

test('placement: a small network is all record nodes', () => {
  const placement = createNodePlacement(tableOf(peers.slice(0, 1), { isSelfNear: true }))
  expect(ids(placement.targets(POSITION))).toEqual([peers[0]?.id])
  expect(createNodePlacement(tableOf([], { isSelfNear: true })).targets(POSITION)).toEqual([])
})

test('placement: a walk is made only where the table has a gap, and ends with the record nodes', async () => {
  expect(await walked(createNodePlacement(tableOf(peers)).walk(POSITION, POSITION))).toEqual([])
  expect(await walked(createNodePlacement(tableOf(peers, { hasGap: true })).walk(POSITION, POSITION))).toHaveLength(RECORD_NODES)
})

test('placement: a tab turns to its home, keeps no records and walks nowhere', async () => {
  const home: { peer: PeerId | undefined } = { peer: undefined }
  const placement = createTabPlacement(() => home.peer)
  expect(placement.targets(POSITION)).toEqual([])
  home.peer = peers[0]?.peer
  expect(ids(placement.targets(POSITION))).toEqual([peers[0]?.id])
  expect(placement.keepsRecords(POSITION)).toBe(false)
  expect(await walked(placement.walk(POSITION, POSITION))).toEqual([])
})

test('placement: of another group a node turns to one delegate, and asks the others after it; of its own to the record nodes there', async () => {
  const all = peers.map(({ peer }) => peer)
  const groups = {
    bits: 1,
    coversHere: (position: Uint8Array) => position === POSITION,
    recordNodes: (_position: Uint8Array, count: number) => ({ nodes: all.slice(1, count), isSelf: true }),
    delegatesAt: () => all.slice(3),
    reach: async () => all.slice(0, 1),
    onDenied() {},
    ...WITH_ROOM,
  }
  const placement = createNodePlacement(tableOf(peers, { hasGap: true }), groups)
  const elsewhere = new Uint8Array(32).fill(1)
  expect([ids(placement.targets(elsewhere)), placement.keepsRecords(elsewhere)]).toEqual([ids(all.slice(3, 4)), false])
  expect(placement.delegates?.(elsewhere)).toEqual(all.slice(3))
  expect([ids(placement.targets(POSITION)), placement.keepsRecords(POSITION)]).toEqual([ids(all.slice(1, 3)), true])
  expect(placement.delegates?.(POSITION)).toBeUndefined()
  expect(await walked(placement.walk(elsewhere, elsewhere))).toEqual(ids(all.slice(0, 1)))

  groups.bits = 0
  expect([ids(placement.targets(elsewhere)), placement.delegates?.(elsewhere)]).toEqual([ids(all.slice(0, 3)), undefined])
})

test('placement: a node that has come a moment ago asks nobody for a key before it knows whom to ask', async () => {
  const [delegate] = peers.map(({ peer }) => peer) as [PeerId]
  const word = Promise.withResolvers<void>()
  const groups = {
    bits: 0,
    coversHere: () => false,
    recordNodes: () => ({ nodes: [], isSelf: false }),
    delegatesAt: () => [delegate],
    reach: async () => [],
    onDenied() {},
    ...WITH_ROOM,
    arrival: () => (groups.bits === 0 ? { word: word.promise, entry: () => undefined } : undefined),
  }
  const asked: PeerId[] = []
  const ask = async function* (some: PeerId[]) {
    asked.push(...some)
    yield 'holder'
  }
  const holders = createNodePlacement(tableOf([]), groups).ask?.(POSITION, ask, TIMERS, {
    signal: new AbortController().signal,
    isForServer: undefined,
  })
  const found = holders?.[Symbol.asyncIterator]().next()
  groups.bits = 1
  expect(asked).toEqual([])
  word.resolve()
  expect([await found, asked]).toEqual([{ done: false, value: 'holder' }, [delegate]])
})

test('placement: a node that joins and has found nobody asks again once it is in its group, for itself and for a tab, not for a server', async () => {
  const [first, second] = peers.map(({ peer }) => peer) as [PeerId, PeerId]
  for (const isForServer of [undefined, false, true]) {
    const entered = Promise.withResolvers<void>()
    let delegates = [first]
    const groups = {
      bits: 1,
      coversHere: () => false,
      recordNodes: () => ({ nodes: [], isSelf: false }),
      delegatesAt: () => delegates,
      reach: async () => [],
      onDenied() {},
      ...WITH_ROOM,
      arrival: () => ({ word: undefined, entry: () => entered.promise }),
    }
    const asked: PeerId[] = []
    const ask = async function* (some: PeerId[]) {
      asked.push(...some)
      if (some.includes(second)) yield 'holder'
    }
    const search = { signal: new AbortController().signal, isForServer }
    const found = createNodePlacement(tableOf([]), groups).ask?.(POSITION, ask, TIMERS, search)[Symbol.asyncIterator]().next()
    await vi.waitFor(() => expect(asked).toEqual([first]))
    delegates = [second]
    entered.resolve()
    expect(await found).toEqual(isForServer ? { done: true, value: undefined } : { done: false, value: 'holder' })
  }
})

test('placement: a node that joins lets a search for its tab go on to others before the search is given up', async () => {
  const { timers, pass } = createVirtualTime()
  const groups = {
    bits: 1,
    coversHere: () => false,
    recordNodes: () => ({ nodes: [], isSelf: false }),
    delegatesAt: () => peers.slice(0, 1).map(({ peer }) => peer),
    reach: async () => [],
    onDenied() {},
    ...WITH_ROOM,
    arrival: () => ({ word: undefined, entry: () => new Promise<void>(() => {}) }),
  }
  const limit = new AbortController()
  timers.after(2_000, () => limit.abort(new Error('no time is left')))
  const search = { signal: limit.signal, isForServer: false }
  const found = createNodePlacement(tableOf([]), groups)
    .ask?.(POSITION, async function* () {}, timers, search)
    [Symbol.asyncIterator]()
    .next()
  found?.catch(() => {})
  await pass(5_000)
  expect(await found).toEqual({ done: true, value: undefined })
})

test('placement: a node that takes long to come into its group asks again meanwhile, and finds what it knows by then', async () => {
  const { timers, pass } = createVirtualTime()
  const groups = {
    bits: 1,
    coversHere: () => false,
    recordNodes: () => ({ nodes: [], isSelf: false }),
    delegatesAt: () => (timers.now() < 1_500 ? [] : peers.slice(0, 1).map(({ peer }) => peer)),
    reach: async () => [],
    onDenied() {},
    ...WITH_ROOM,
    arrival: () => ({ word: undefined, entry: () => new Promise<void>(() => {}) }),
  }
  const search = { signal: new AbortController().signal, isForServer: undefined }
  const ask = async function* () {
    yield timers.now()
  }
  const found = createNodePlacement(tableOf([]), groups).ask?.(POSITION, ask, timers, search)[Symbol.asyncIterator]().next()
  await pass(2_500)
  expect(await found).toEqual({ done: false, value: 2_000 })
})

test('placement: the record nodes are asked one after the other for this peer, and side by side for somebody else', async () => {
  const placement = createNodePlacement(tableOf(peers))
  const firstAsked = async (isForServer: boolean | undefined) => {
    const asked: PeerId[][] = []
    const ask = async function* (some: PeerId[]) {
      asked.push(some)
      yield 'holder'
    }
    const search = { signal: new AbortController().signal, isForServer }
    await placement.ask?.(POSITION, ask, TIMERS, search)[Symbol.asyncIterator]().next()
    return asked.map(({ length }) => length)
  }
  expect([await firstAsked(undefined), await firstAsked(false), await firstAsked(true)]).toEqual([[1], [3], [3]])
})

test('placement: a record node that was silent when it was asked first is asked after the others for a while', async () => {
  const { timers, pass } = createVirtualTime()
  const placement = createNodePlacement(tableOf(peers))
  const [silent] = ids(placement.targets(POSITION))
  /** The servers that are asked first, of as many searches as each record node is first in once. */
  const first = async () => {
    const asked: (string | undefined)[] = []
    for (let i = 0; i < RECORD_NODES; i++) {
      const names: string[] = []
      async function* ask(servers: PeerId[]) {
        names.push(...ids(servers))
        if (names.length === 1 && names[0] === silent) await new Promise(() => {})
        yield* servers
      }
      const search = placement.ask?.(POSITION, ask, timers, { signal: new AbortController().signal, isForServer: undefined })
      const found = search?.[Symbol.asyncIterator]().next()
      await pass(100)
      await found
      asked.push(names[0])
    }
    return asked
  }
  expect((await first()).filter((name) => name === silent)).toHaveLength(1)
  expect((await first()).filter((name) => name === silent)).toHaveLength(0)
  await pass(10_000)
  expect((await first()).filter((name) => name === silent)).toHaveLength(1)
})

test('placement: a server is full by its refusals for want of room alone', () => {
  const full: string[] = []
  const groups = {
    bits: 1,
    coversHere: () => false,
    recordNodes: () => ({ nodes: [], isSelf: false }),
    delegatesAt: () => [],
    reach: async () => [],
    onDenied() {},
    onFull: (server: string) => void full.push(server),
    isFull: (server: string) => full.includes(server),
  }
  const { onRefused, isWithoutRoom } = createNodePlacement(tableOf([]), groups)
  for (const reason of ['bad-lease', 'leases-per-peer', 'records-per-key', 'records', 'watches'] as const) onRefused?.(reason, reason)
  expect(full).toEqual(['leases-per-peer', 'records'])
  expect(isWithoutRoom?.('records' as unknown as PeerId)).toBe(true)
})
