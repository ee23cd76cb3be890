import fc from 'fast-check'
import { beforeAll, expect, test } from 'vitest'
import type { Key } from '../../node/index.ts'
import { encodeKeyHex } from '../../node/keys/index.ts'
import type { PresenceStream } from '../../node/rendezvous/presence-stream.ts'
import { createRecordStore, type RecordStore } from '../../node/rendezvous/record-store.ts'
import { believedCount, createWatcher, type Watcher } from '../../node/rendezvous/watcher.ts'
import { SCOPE } from '../../node/rendezvous/wire-frames.ts'
import { createSeededPeer, type SeededPeer } from '../helpers/seeded-peer.ts'
import { waitFor } from '../helpers/wait-for.ts'

const KEY = new Uint8Array(32).fill(1)

let peers: SeededPeer[]
beforeAll(async () => {
  peers = await Promise.all([1, 2, 3, 4].map(createSeededPeer))
})

test('watcher: believes the only count of one, the larger of two, the middle one of three, and none of none', () => {
  expect(believedCount([])).toBe(0)
  expect(believedCount([4])).toBe(4)
  expect(believedCount([4, 9])).toBe(9)
  expect(believedCount([9, 4, 5])).toBe(5)
})

test('watcher: one liar among three moves the count no further than the honest two reach', () => {
  fc.assert(
    fc.property(fc.nat(), fc.nat(), fc.nat(), (honest, other, lie) => {
      const counts = [honest, lie, other]
      const believed = believedCount(counts)
      expect(believed).toBeGreaterThanOrEqual(Math.min(honest, other))
      expect(believed).toBeLessThanOrEqual(Math.max(honest, other))
      expect(counts).toEqual([honest, lie, other])
    }),
  )
})

/** A watcher whose record nodes are at the test's fingertips: what it asked of each is kept, as hex keys. */
function createWatched() {
  const asked = new Map<string, Set<string>>()
  const streams = new Map<string, PresenceStream>()
  const wanted: string[] = []
  const place = { targets: [] as SeededPeer[], keepsRecords: false }
  const store: RecordStore = createRecordStore({ maxRecords: 100, maxRecordsPerKey: 100 }, Date.now, Math.random)
  const open = (peer: SeededPeer): PresenceStream => {
    const keys = new Set<string>()
    asked.set(peer.id, keys)
    const stream = {
      id: peer.id,
      watch: (key: Key) => keys.add(encodeKeyHex(key)),
      unwatch: (key: Key) => keys.delete(encodeKeyHex(key)),
    } as unknown as PresenceStream
    streams.set(peer.id, stream)
    return stream
  }
  const watcher: Watcher = createWatcher(
    {
      targets: () => place.targets.map(({ peer }) => peer),
      keepsRecords: () => place.keepsRecords,
      async *walk() {},
    },
    store,
    { get: (peer) => streams.get(peer.toString()), keepOpen: (peer) => wanted.push(peer.toString()) },
    SCOPE.own,
  )
  const told: [count: number, isCertain: boolean][] = []
  const put = (holder: string) =>
    store.put({ key: KEY, holder, home: holder, expiresAtMs: Date.now() + 60_000, lease: Uint8Array.of(1), source: store })
  return {
    watcher,
    store,
    place,
    streams,
    open,
    asked,
    wanted,
    told,
    put,
    watch: () => watcher.watch(KEY, (count, isCertain) => told.push([count, isCertain])),
  }
}

test('watcher: asks the record nodes, and is certain once one of them has answered', async () => {
  const { watcher, place, open, asked, told, watch } = createWatched()
  const [a] = peers as [SeededPeer]
  place.targets = [a]
  const stream = open(a)
  watch()
  await waitFor(() => asked.get(a.id)?.size === 1, 1_000, 'the watch is told')
  expect(told).toEqual([[0, false]])
  watcher.onCount(stream, KEY, 3, 3)
  watcher.onCount(stream, KEY, 3, 3)
  expect(told).toEqual([
    [0, false],
    [3, true],
  ])
})

test('watcher: a count by a peer that is no record node of the key is ignored', async () => {
  const { watcher, place, open, told, watch } = createWatched()
  const [a, b] = peers as [SeededPeer, SeededPeer]
  place.targets = [a]
  open(a)
  const stranger = open(b)
  watch()
  await waitFor(() => told.length === 1, 1_000, 'the first word')
  watcher.onCount(stranger, KEY, 1_000, 1_000)
  watcher.onCount(stranger, new Uint8Array(32), 1_000, 1_000)
  expect(told).toEqual([[0, false]])
})

test('watcher: never tells of fewer than this peer sees itself', async () => {
  const { watcher, place, open, told, put, watch } = createWatched()
  const [a] = peers as [SeededPeer]
  place.targets = [a]
  const stream = open(a)
  put('one')
  put('two')
  watch()
  await waitFor(() => told.length === 1, 1_000, 'the first word')
  watcher.onCount(stream, KEY, 0, 0)
  expect(told.at(-1)).toEqual([2, true])
  put('three')
  expect(told.at(-1)).toEqual([3, true])
})

test('watcher: a record node’s own count is one of the counts', async () => {
  const { watcher, place, open, told, watch } = createWatched()
  const [a, b] = peers as [SeededPeer, SeededPeer]
  place.targets = [a, b]
  place.keepsRecords = true
  const streams = [open(a), open(b)] as const
  watch()
  await waitFor(() => told.length === 1, 1_000, 'the first word')
  expect(told).toEqual([[0, true]])
  watcher.onCount(streams[0], KEY, 50, 50)
  watcher.onCount(streams[1], KEY, 0, 0)
  expect(told.at(-1)).toEqual([0, true])
})

test('watcher: the count of a record node that is gone counts no more', async () => {
  const { watcher, place, open, told, watch } = createWatched()
  const [a, b] = peers as [SeededPeer, SeededPeer]
  place.targets = [a, b]
  const streams = [open(a), open(b)] as const
  watch()
  await waitFor(() => told.length === 1, 1_000, 'the first word')
  watcher.onCount(streams[0], KEY, 5, 5)
  watcher.onCount(streams[1], KEY, 2, 2)
  expect(told.at(-1)).toEqual([5, true])
  watcher.onStreamEnd(streams[0])
  expect(told.at(-1)).toEqual([2, true])
  watcher.onStreamEnd(streams[1])
  expect(told.at(-1)).toEqual([0, false])
})

test('watcher: when the record nodes change, the new are asked and the old released', async () => {
  const { watcher, place, open, asked, wanted, told, watch } = createWatched()
  const [a, b, c] = peers as [SeededPeer, SeededPeer, SeededPeer]
  place.targets = [a]
  const stream = open(a)
  open(b)
  watch()
  await waitFor(() => told.length === 1, 1_000, 'the first word')
  watcher.onCount(stream, KEY, 9, 9)
  place.targets = [b, c]
  void watcher.refresh()
  expect(asked.get(a.id)?.size).toBe(0)
  expect(asked.get(b.id)?.size).toBe(1)
  expect(wanted).toEqual([c.id])
  expect(told.at(-1)).toEqual([0, false])
  expect([a, b, c].map(({ id }) => watcher.needs(id))).toEqual([false, true, true])
  watcher.onStream(open(c))
  expect(asked.get(c.id)?.size).toBe(1)
})

test('watcher: a key with several listeners is watched once, until the last has ended', async () => {
  const { watcher, place, open, asked, told, watch } = createWatched()
  const [a] = peers as [SeededPeer]
  place.targets = [a]
  open(a)
  const ends = [watch(), watch()]
  await waitFor(() => told.length === 2, 1_000, 'the first word to each')
  expect(watcher.size).toBe(1)
  ends[0]?.()
  ends[0]?.()
  expect(asked.get(a.id)?.size).toBe(1)
  ends[1]?.()
  expect(asked.get(a.id)?.size).toBe(0)
  expect(watcher.size).toBe(0)
})

test('watcher: a later listener gets the newest count at once', async () => {
  const { watcher, place, open, told, watch } = createWatched()
  const [a] = peers as [SeededPeer]
  place.targets = [a]
  const stream = open(a)
  watch()
  await waitFor(() => told.length === 1, 1_000, 'the first word')
  watcher.onCount(stream, KEY, 4, 4)
  told.length = 0
  watch()
  await waitFor(() => told.length === 1, 1_000, 'the word to the second')
  expect(told).toEqual([[4, true]])
})

test('watcher: a watch that ends before it was placed leaves nothing behind', async () => {
  const { watcher, store, place, open, asked, told, put, watch } = createWatched()
  const [a] = peers as [SeededPeer]
  place.targets = [a]
  open(a)
  watch()()
  watch()
  await waitFor(() => told.length === 1, 1_000, 'the word to the second')
  expect(asked.get(a.id)?.size).toBe(1)
  put('one')
  expect(told).toEqual([
    [0, false],
    [1, false],
  ])
  expect(store.count(KEY)).toBe(1)
  expect(watcher.size).toBe(1)
})

test('watcher: people are believed as holders are, and a change of them alone is told', async () => {
  const { watcher, place, open } = createWatched()
  place.targets = peers.slice(0, 3)
  const streams = place.targets.map(open) as [PresenceStream, PresenceStream, PresenceStream]
  const told: [holders: number, people: number][] = []
  watcher.watch(KEY, (holders, isCertain, people) => isCertain && told.push([holders, people]))
  await waitFor(() => watcher.needs(place.targets[2]?.id as string), 1_000, 'the watch is placed')
  for (const [i, people] of [2, 1, 9].entries()) watcher.onCount(streams[i] as PresenceStream, KEY, 3, people)
  expect(told.at(-1)).toEqual([3, 2])
  watcher.onCount(streams[2], KEY, 3, 1)
  expect(told.at(-1)).toEqual([3, 1])
})
