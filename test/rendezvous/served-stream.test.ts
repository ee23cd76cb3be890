import { multiaddr } from '@multiformats/multiaddr'
import { beforeAll, expect, onTestFinished, test, vi } from 'vitest'
import { createSemaphore } from '../../node/async/semaphore.ts'
import { NODE_LIMITS } from '../../node/limits.ts'
import { signLease } from '../../node/rendezvous/lease.ts'
import { createRecordStore } from '../../node/rendezvous/record-store.ts'
import { REST_MS } from '../../node/rendezvous/resting.ts'
import { encodePresence, MAX_HOLDERS_PER_FOUND } from '../../node/rendezvous/wire.ts'
import { SCOPE } from '../../node/rendezvous/wire-frames.ts'
import { SAMPLE_KEY as KEY, leaseOf, reasons } from '../helpers/sample-leases.ts'
import { createSeededPeer, type SeededPeer } from '../helpers/seeded-peer.ts'
import { openPresenceStream } from '../helpers/served-presence.ts'
import { waitFor } from '../helpers/wait-for.ts'

const keyOf = (byte: number) => new Uint8Array(32).fill(byte)

let self: SeededPeer
let tab: SeededPeer
let home: SeededPeer
let other: SeededPeer
beforeAll(async () => {
  ;[self, tab, home, other] = (await Promise.all([1, 2, 3, 4].map(createSeededPeer))) as [SeededPeer, SeededPeer, SeededPeer, SeededPeer]
})

test('served stream: takes a tab’s own lease that names this node, and passes it on', async () => {
  const stream = await openPresenceStream(self, tab)
  const lease = await leaseOf(tab, self.peer)
  stream.send({ type: 'hold', sequence: 7, leases: [lease.bytes] })
  expect(await stream.next('held')).toEqual({ type: 'held', sequence: 7, refused: [] })
  expect(stream.store.get(KEY, tab.id)).toMatchObject({ home: self.id, expiresAtMs: lease.expiresAtMs })
  expect(stream.announced.map(({ holder }) => holder)).toEqual([tab.id])
  expect(stream.served.leases).toBe(1)
})

test('served stream: takes what a home passes on for its tabs, and passes it to nobody', async () => {
  const stream = await openPresenceStream(self, home, { hello: 'node' })
  stream.send({ type: 'hold', sequence: 1, leases: [(await leaseOf(tab, home.peer)).bytes, (await leaseOf(home, home.peer)).bytes] })
  expect(reasons(await stream.next('held'))).toEqual([])
  expect(stream.store.count(KEY)).toBe(2)
  expect(stream.announced).toEqual([])
})

test('served stream: nobody announces somebody else', async () => {
  const stream = await openPresenceStream(self, tab)
  const forged = await signLease(other.peer, tab.privateKey, {
    key: KEY,
    home: tab.peer,
    issuedAtMs: Date.now(),
    expiresAtMs: Date.now() + 1_000,
  })
  const leases = [await leaseOf(other, self.peer), await leaseOf(other, home.peer), await leaseOf(tab, home.peer), forged]
  stream.send({ type: 'hold', sequence: 1, leases: leases.map(({ bytes }) => bytes) })
  expect(reasons(await stream.next('held'))).toEqual([0, 1, 2, 3].map((index) => [index, 'bad-lease']))
  expect(stream.store.size).toBe(0)
})

test('served stream: a few bad leases end the whole connection', async () => {
  const stream = await openPresenceStream(self, tab)
  const lease = await leaseOf(other, self.peer)
  stream.send({ type: 'hold', sequence: 1, leases: Array(8).fill(lease.bytes) })
  await waitFor(() => stream.aborted, 2_000, 'the connection is ended')
  expect(stream.refusals).toHaveLength(1)
})

test('served stream: a lease that has run out, or that will run out too late, is refused with the reason', async () => {
  const stream = await openPresenceStream(self, tab, { lease: { lifetimeMs: 60_000, maxSkewMs: 1_000 } })
  const leases = [
    await leaseOf(tab, self.peer, keyOf(1), { issuedAtMs: Date.now() - 10_000, lifetimeMs: 9_000 }),
    await leaseOf(tab, self.peer, keyOf(2), { lifetimeMs: 600_000 }),
    await leaseOf(tab, self.peer, keyOf(3)),
  ]
  stream.send({ type: 'hold', sequence: 1, leases: leases.map(({ bytes }) => bytes) })
  expect(reasons(await stream.next('held'))).toEqual([
    [0, 'expired'],
    [1, 'clock'],
  ])
  expect(stream.store.count(keyOf(3))).toBe(1)
})

test('served stream: maxLeasesPerPeer bounds a tab’s leases, and not their renewals', async () => {
  const stream = await openPresenceStream(self, tab, { limits: { maxLeasesPerPeer: 2 } })
  const now = Date.now()
  const leases = [1, 2, 3].map((byte) => leaseOf(tab, self.peer, keyOf(byte), { issuedAtMs: now }))
  stream.send({ type: 'hold', sequence: 1, leases: (await Promise.all(leases)).map(({ bytes }) => bytes) })
  expect(reasons(await stream.next('held'))).toEqual([[2, 'leases-per-peer']])
  const renewed = await leaseOf(tab, self.peer, keyOf(1), { issuedAtMs: now + 1 })
  stream.send({ type: 'hold', sequence: 2, leases: [renewed.bytes] })
  expect(reasons(await stream.next('held'))).toEqual([])
  expect(stream.store.get(keyOf(1), tab.id)?.expiresAtMs).toBe(renewed.expiresAtMs)
})

test('served stream: maxLeasesPerHome bounds what a home passes on', async () => {
  const stream = await openPresenceStream(self, home, { hello: 'node', limits: { maxLeasesPerHome: 1 } })
  const leases = [await leaseOf(tab, home.peer), await leaseOf(other, home.peer)]
  stream.send({ type: 'hold', sequence: 1, leases: leases.map(({ bytes }) => bytes) })
  expect(reasons(await stream.next('held'))).toEqual([[1, 'leases-per-peer']])
})

test('served stream: an older lease does not undo the newer one that the tab gave its new home', async () => {
  const store = createRecordStore({ maxRecords: 10, maxRecordsPerKey: 10 }, Date.now, Math.random)
  const [oldHome, newHome] = [home, other]
  const issuedAtMs = Date.now()
  const old = await leaseOf(tab, oldHome.peer, KEY, { issuedAtMs })
  const fresh = await leaseOf(tab, newHome.peer, KEY, { issuedAtMs: issuedAtMs + 1 })
  const fromNew = await openPresenceStream(self, newHome, { hello: 'node', store })
  fromNew.send({ type: 'hold', sequence: 1, leases: [fresh.bytes] })
  await fromNew.next('held')
  const fromOld = await openPresenceStream(self, oldHome, { hello: 'node', store })
  fromOld.send({ type: 'hold', sequence: 1, leases: [old.bytes] })
  expect(reasons(await fromOld.next('held'))).toEqual([[0, 'older']])
  fromOld.send({ type: 'release', records: [{ key: KEY, holder: tab.multihash }] })
  await fromOld.settled()
  expect(store.get(KEY, tab.id)?.home).toBe(newHome.id)
})

test('served stream: leases that a home tells again over a new stream move to it, and outlive the old one', async () => {
  const store = createRecordStore({ maxRecords: 10, maxRecordsPerKey: 10 }, Date.now, Math.random)
  const lease = await leaseOf(tab, home.peer)
  const first = await openPresenceStream(self, home, { hello: 'node', store, graceMs: 20 })
  first.send({ type: 'hold', sequence: 1, leases: [lease.bytes] })
  await first.next('held')
  const second = await openPresenceStream(self, home, { hello: 'node', store })
  second.send({ type: 'hold', sequence: 1, leases: [lease.bytes] })
  await second.next('held')
  first.close()
  await waitFor(() => first.served.leases === 0, 1_000, 'the old stream has nothing')
  expect(second.served.leases).toBe(1)
  expect(store.count(KEY)).toBe(1)
})

test('served stream: a release undoes only what came over this stream', async () => {
  const store = createRecordStore({ maxRecords: 10, maxRecordsPerKey: 10 }, Date.now, Math.random)
  const mine = await openPresenceStream(self, tab, { store })
  mine.send({ type: 'hold', sequence: 1, leases: [(await leaseOf(tab, self.peer)).bytes] })
  await mine.next('held')
  const stranger = await openPresenceStream(self, other, { store })
  stranger.send({ type: 'release', records: [{ key: KEY, holder: tab.multihash }] })
  await stranger.settled()
  expect(store.count(KEY)).toBe(1)
  mine.send({ type: 'release', records: [{ key: KEY, holder: tab.multihash }] })
  await mine.settled()
  expect(store.count(KEY)).toBe(0)
  expect(mine.withdrawn).toEqual([{ key: KEY, holder: tab.id }])
})

test('served stream: when a tab’s stream ends, its leases are gone at once, here and at its record nodes', async () => {
  const stream = await openPresenceStream(self, tab, { graceMs: 60_000 })
  stream.send({ type: 'hold', sequence: 1, leases: [(await leaseOf(tab, self.peer)).bytes] })
  await stream.next('held')
  stream.close()
  await waitFor(() => stream.store.count(KEY) === 0, 1_000, 'the lease is gone')
  expect(stream.withdrawn).toEqual([{ key: KEY, holder: tab.id }])
})

test('served stream: graceMs is how long a home’s tabs are counted after it went; its own leases go with it', async () => {
  const stream = await openPresenceStream(self, home, { hello: 'node', graceMs: 500 })
  stream.send({ type: 'hold', sequence: 1, leases: [(await leaseOf(tab, home.peer)).bytes, (await leaseOf(home, home.peer)).bytes] })
  await stream.next('held')
  vi.useFakeTimers()
  onTestFinished(() => void vi.useRealTimers())
  stream.close()
  await vi.advanceTimersByTimeAsync(499)
  expect(stream.store.count(KEY)).toBe(1)
  expect(stream.store.get(KEY, tab.id)).toBeDefined()
  await vi.advanceTimersByTimeAsync(10)
  expect(stream.store.count(KEY)).toBe(0)
})

test('served stream: silentMs is how long a node may say nothing; a tab that answers no probes may for ever, and a heartbeat is enough', async () => {
  // Time that passes while the process is held up makes no peer idle.
  vi.useFakeTimers({ shouldAdvanceTime: true })
  onTestFinished(() => void vi.useRealTimers())
  const options = { silentMs: 100 }
  const [node, beating, silentTab] = await Promise.all([
    openPresenceStream(self, home, { ...options, hello: 'node' }),
    openPresenceStream(self, other, { ...options, hello: 'node' }),
    openPresenceStream(self, tab, options),
  ])
  const heartbeats = setInterval(() => beating.send({ type: 'heartbeat' }), 20)
  try {
    await waitFor(() => node.aborted, 2_000, 'the silent node is gone')
    expect(beating.aborted).toBe(false)
    expect(silentTab.aborted).toBe(false)
    await beating.next('heartbeat-reply')
  } finally {
    clearInterval(heartbeats)
    for (const stream of [beating, silentTab]) stream.close()
  }
})

test('served stream: a node may be silent for longer where it was told so and nothing of it stands; with a lease or a watch it is gone as soon as ever', async () => {
  vi.useFakeTimers({ shouldAdvanceTime: true })
  onTestFinished(() => void vi.useRealTimers())
  const silentMs = 9_000
  const opened = async (bits: number) =>
    openPresenceStream(self, home, {
      hello: 'node',
      silentMs,
      groups: { mustCarry: () => false, mayCarry: () => false, report: () => ({ bits, size: 12 }) },
    })
  const [idle, holding, watching, mesh] = await Promise.all([1, 1, 1, 0].map(opened))
  const all = [idle, holding, watching, mesh] as NonNullable<typeof idle>[]
  for (const stream of all) stream.send({ type: 'heartbeat' })
  const replies = await Promise.all(all.map((stream) => stream.next('heartbeat-reply')))
  expect(replies.map(({ group }) => group?.letsRest)).toEqual([true, true, true, false])
  holding?.send({ type: 'hold', sequence: 1, leases: [(await leaseOf(home, home.peer)).bytes] })
  await holding?.next('held')
  watching?.send({ type: 'watch', key: KEY, scope: SCOPE.own })
  await watching?.next('count')
  await vi.advanceTimersByTimeAsync(silentMs * (9 / 8) + 100)
  expect(all.map(({ aborted }) => aborted)).toEqual([false, true, true, true])
  await vi.advanceTimersByTimeAsync(REST_MS - 2_000)
  expect(idle?.aborted).toBe(false)
  await vi.advanceTimersByTimeAsync(4_000)
  expect(idle?.aborted).toBe(true)
})

test('served stream: a tab that is probed and does not answer, since its page is frozen, is gone after silentMs; an answer is enough', async () => {
  vi.useFakeTimers({ shouldAdvanceTime: true })
  onTestFinished(() => void vi.useRealTimers())
  const options = { silentMs: 200, answersProbes: true }
  const [frozen, hidden] = await Promise.all([openPresenceStream(self, tab, options), openPresenceStream(self, other, options)])
  frozen.send({ type: 'hold', sequence: 1, leases: [(await leaseOf(tab, self.peer)).bytes] })
  await frozen.next('held')
  for (let probes = 0; probes < 4; probes++) {
    await hidden.next('probe')
    hidden.send({ type: 'probe-reply' })
  }
  expect(frozen.aborted).toBe(true)
  expect(frozen.store.count(KEY)).toBe(0)
  expect(hidden.aborted).toBe(false)
})

test('served stream: a server that had no room for a lease does not say that nobody holds its key; a home would take it for a lie', async () => {
  const full = createRecordStore({ maxRecords: 1, maxRecordsPerKey: 10 }, Date.now, Math.random)
  const stream = await openPresenceStream(self, home, { hello: 'node', store: full })
  stream.send({ type: 'hold', sequence: 1, leases: [(await leaseOf(home, home.peer)).bytes] })
  stream.send({ type: 'hold', sequence: 2, leases: [(await leaseOf(home, home.peer, keyOf(2))).bytes] })
  expect([reasons(await stream.next('held')), reasons(await stream.next('held'))]).toEqual([[], [[0, 'records']]])
  for (const [id, byte] of [1, 2, 3].entries()) stream.send({ type: 'find', id, key: keyOf(byte), limit: 5, scope: SCOPE.own })
  expect((await stream.next('found')).leases).toHaveLength(1)
  expect(await stream.next('refused')).toMatchObject({ id: 1, reason: 'records' })
  expect(await stream.next('found')).toMatchObject({ id: 2, leases: [] })
})

test('served stream: what a carrier tells beyond its share is missed, too', async () => {
  const groups = { report: () => ({ bits: 1, size: 12 }), mustCarry: () => false, mayCarry: () => true }
  const stream = await openPresenceStream(self, other, { hello: 'node', groups, limits: { maxLeasesPerHome: 1 } })
  const leases = [await leaseOf(home, home.peer), await leaseOf(home, home.peer, keyOf(2))]
  stream.send({ type: 'hold', sequence: 1, leases: leases.map(({ bytes }) => bytes) })
  expect(reasons(await stream.next('held'))).toEqual([[1, 'leases-per-peer']])
  expect([KEY, keyOf(2)].map(stream.store.missed.has)).toEqual([false, true])
})

test('served stream: a forged lease beyond the share is a bad one, and is not missed', async () => {
  const groups = { report: () => ({ bits: 1, size: 12 }), mustCarry: () => false, mayCarry: () => true }
  const stream = await openPresenceStream(self, other, { hello: 'node', groups, limits: { maxLeasesPerHome: 1 } })
  const terms = { key: keyOf(2), home: home.peer, issuedAtMs: Date.now(), expiresAtMs: Date.now() + 60_000 }
  const leases = [await leaseOf(home, home.peer), await signLease(home.peer, other.privateKey, terms)]
  stream.send({ type: 'hold', sequence: 1, leases: leases.map(({ bytes }) => bytes) })
  expect(reasons(await stream.next('held'))).toEqual([[1, 'bad-lease']])
  expect(stream.store.missed.has(keyOf(2))).toBe(false)
})

test('served stream: a find is answered with a bounded sample, the count of all, and stock records apart', async () => {
  const stream = await openPresenceStream(self, tab)
  for (let i = 0; i < 60; i++)
    stream.store.put({ key: KEY, holder: `h${i}`, home: self.id, expiresAtMs: Date.now() + 9_000, lease: Uint8Array.of(i), source: stream })
  stream.send({ type: 'find', id: 3, key: KEY, limit: 5, scope: SCOPE.own })
  const found = await stream.next('found')
  expect(found).toMatchObject({ id: 3, count: 60, stock: [] })
  expect(found.leases).toHaveLength(5)
  const expiresAtMs = Date.now() + 5_000
  stream.store.put({ key: keyOf(9), holder: other.id, home: other.id, expiresAtMs, lease: undefined, source: stream })
  stream.send({ type: 'find', id: 4, key: keyOf(9), limit: 5, scope: SCOPE.own })
  expect(await stream.next('found')).toMatchObject({ id: 4, leases: [], stock: [{ peer: other.multihash, expiresAtMs }] })
})

test('served stream: maxHoldersPerAnswer bounds an answer, and so does the frame', async () => {
  for (const [maxHoldersPerAnswer, expected] of [
    [4, 4],
    [1_000, MAX_HOLDERS_PER_FOUND],
  ] as const) {
    const stream = await openPresenceStream(self, tab, { limits: { maxHoldersPerAnswer } })
    for (let i = 0; i < 60; i++)
      stream.store.put({
        key: KEY,
        holder: `h${i}`,
        home: self.id,
        expiresAtMs: Date.now() + 9_000,
        lease: new Uint8Array(200),
        source: stream,
      })
    stream.send({ type: 'find', id: 1, key: KEY, limit: Number.MAX_SAFE_INTEGER, scope: SCOPE.own })
    expect((await stream.next('found')).leases).toHaveLength(expected)
  }
})

test('served stream: a tab’s finds in the network are bounded; one more is refused and the others go on', async () => {
  const release = Promise.withResolvers<void>()
  const stream = await openPresenceStream(self, tab, {
    service: {
      async find() {
        await release.promise
        return []
      },
    },
  })
  for (let id = 1; id <= 9; id++) stream.send({ type: 'find', id, key: KEY, limit: 1, scope: SCOPE.network })
  expect(await stream.next('refused')).toMatchObject({ id: 9, reason: 'busy' })
  release.resolve()
  for (let id = 1; id <= 8; id++) expect((await stream.next('found')).id).toBe(id)
})

test('served stream: the finds of a tab that is gone are ended', async () => {
  let signal: AbortSignal | undefined
  const stream = await openPresenceStream(self, tab, {
    service: {
      find: (_key, _limit, given) => {
        signal = given
        return new Promise(() => {})
      },
    },
  })
  stream.send({ type: 'find', id: 1, key: KEY, limit: 1, scope: SCOPE.network })
  await waitFor(() => signal !== undefined, 1_000, 'the search')
  stream.close()
  await waitFor(() => signal?.aborted === true, 1_000, 'its end')
})

test('served stream: a watch is answered now and after each change', async () => {
  const stream = await openPresenceStream(self, home, { hello: 'node', pushEveryMs: 1 })
  stream.send({ type: 'watch', key: KEY, scope: SCOPE.own })
  expect(await stream.next('count')).toEqual({ type: 'count', key: KEY, count: 0 })
  const record = { key: KEY, holder: tab.id, home: self.id, expiresAtMs: Date.now() + 9_000, lease: Uint8Array.of(1), source: stream }
  stream.store.put(record)
  expect((await stream.next('count')).count).toBe(1)
  stream.store.remove(KEY, tab.id, stream)
  expect((await stream.next('count')).count).toBe(0)
  stream.send({ type: 'unwatch', key: KEY })
  await stream.settled()
  stream.store.put(record)
  await stream.settled()
  expect(stream.received.filter(({ type }) => type === 'count')).toHaveLength(3)
  expect(stream.served.watches).toBe(0)
})

test('served stream: a count says how many people the holders are, by the marks that came with the leases', async () => {
  const mark = new Uint8Array(16).fill(7)
  const tabs = await Promise.all([11, 12, 13].map(createSeededPeer))
  const stream = await openPresenceStream(self, home, { hello: 'node', pushEveryMs: 1 })
  const leases = await Promise.all(tabs.map((each) => leaseOf(each, home.peer)))
  stream.send({ type: 'hold', sequence: 1, leases: leases.map(({ bytes }) => bytes), marks: [mark, undefined, mark] })
  expect((await stream.next('held')).refused).toEqual([])
  stream.send({ type: 'watch', key: KEY, scope: SCOPE.own })
  expect(await stream.next('count')).toEqual({ type: 'count', key: KEY, count: 3, people: 2 })
})

test('served stream: pushEveryMs bounds how often a watcher gets counts, of its own records and of the whole network', async () => {
  for (const scope of [SCOPE.own, SCOPE.network] as const) {
    let tell = (_count: number, _people: number) => {}
    const stream = await openPresenceStream(self, tab, {
      pushEveryMs: 50,
      service: {
        watch: (_key, listener) => {
          tell = listener
          return () => {}
        },
      },
    })
    stream.send({ type: 'watch', key: KEY, scope })
    await stream.settled()
    for (let i = 1; i <= 500; i++) {
      stream.store.put({
        key: KEY,
        holder: `h${i}`,
        home: self.id,
        expiresAtMs: Date.now() + 9_000,
        lease: Uint8Array.of(1),
        source: stream,
      })
      tell(i, i)
    }
    await waitFor(() => stream.received.some((frame) => frame.type === 'count' && frame.count === 500), 1_000, 'the newest count')
    expect(stream.received.filter(({ type }) => type === 'count').length).toBeLessThanOrEqual(3)
    stream.close()
  }
})

test('served stream: maxWatchesPerPeer bounds a tab’s watches, and all streams together are bounded too', async () => {
  const stream = await openPresenceStream(self, tab, { limits: { maxWatchesPerPeer: 2 } })
  for (let byte = 1; byte <= 3; byte++) stream.send({ type: 'watch', key: keyOf(byte), scope: SCOPE.own })
  expect(await stream.next('refused')).toMatchObject({ id: 0, reason: 'watches' })
  expect(stream.served.watches).toBe(2)
  stream.send({ type: 'unwatch', key: keyOf(1) })
  stream.send({ type: 'watch', key: keyOf(3), scope: SCOPE.own })
  await stream.settled()
  expect(stream.served.watches).toBe(2)
  const crowded = await openPresenceStream(self, home, { hello: 'node', watchPlaces: createSemaphore(0) })
  crowded.send({ type: 'watch', key: KEY, scope: SCOPE.own })
  expect(await crowded.next('refused')).toMatchObject({ reason: 'watches' })
})

test('served stream: one that says it is a node gets a part of all watches, not all of them', async () => {
  const stream = await openPresenceStream(self, home, { hello: 'node', limits: { maxWatchesPerPeer: 1, maxWatches: 8 } })
  for (let byte = 1; byte <= 3; byte++) stream.send({ type: 'watch', key: keyOf(byte), scope: SCOPE.own })
  expect(await stream.next('refused')).toMatchObject({ id: 0, reason: 'watches' })
  expect(stream.served.watches).toBe(2)
})

test('served stream: a watch does not wait for leases that are being checked', async () => {
  const stream = await openPresenceStream(self, home, { hello: 'node' })
  const leases = await Promise.all(Array.from({ length: 100 }, (_, i) => leaseOf(tab, home.peer, keyOf(i + 1))))
  stream.send({ type: 'hold', sequence: 1, leases: leases.map(({ bytes }) => bytes) })
  for (let i = 0; i < 10_000; i++)
    stream.send({ type: 'watch', key: Uint8Array.from({ length: 32 }, (_, at) => (i >> (at % 16)) & 255), scope: SCOPE.own })
  await stream.next('held')
  expect(stream.aborted).toBe(false)
  expect(stream.store.size).toBe(100)
})

test('served stream: more waiting than a full home has ends the connection', async () => {
  const stream = await openPresenceStream(self, home, { hello: 'node' })
  const checking = vi.spyOn(Object.getPrototypeOf(tab.privateKey.publicKey), 'verify').mockReturnValue(new Promise(() => {}))
  try {
    stream.send({ type: 'hold', sequence: 1, leases: [(await leaseOf(tab, home.peer)).bytes] })
    await waitFor(() => checking.mock.calls.length > 0, 1_000, 'the check that never ends')
    const full = encodePresence({ type: 'hold', sequence: 2, leases: Array(128).fill(new Uint8Array(1)) })
    const frames = NODE_LIMITS.maxLeasesPerHome / 128
    for (let i = 0; i < frames; i++) stream.sendRaw(full)
    stream.send({ type: 'find', id: 1, key: KEY, limit: 1, scope: SCOPE.own })
    await stream.next('found')
    expect(stream.aborted).toBe(false)
    for (let i = 0; i < frames; i++) stream.sendRaw(full)
    await waitFor(() => stream.aborted, 5_000, 'the connection is ended')
  } finally {
    checking.mockRestore()
  }
})

test('served stream: a stream begins with one hello, or the connection is ended', async () => {
  const early = await openPresenceStream(self, tab, { hello: 'none' })
  early.send({ type: 'find', id: 1, key: KEY, limit: 1, scope: SCOPE.own })
  await waitFor(() => early.aborted, 1_000, 'the end of the one without a hello')
  expect(early.received).toEqual([])
  const twice = await openPresenceStream(self, tab)
  twice.send({ type: 'hello', role: 'node', addresses: [multiaddr('/ip4/192.0.2.7/tcp/4000/ws')], answersProbes: false })
  await waitFor(() => twice.aborted, 1_000, 'the end of the one with two')
  expect(twice.roles).toEqual(['tab'])
})

test('served stream: frames that only the other end sends are left unread', async () => {
  const stream = await openPresenceStream(self, tab)
  stream.send({ type: 'count', key: KEY, count: 1_000 })
  stream.send({ type: 'welcome', addresses: [], nowMs: 0, servers: [] })
  await stream.settled()
  expect(stream.store.count(KEY)).toBe(0)
  expect(stream.aborted).toBe(false)
})

test('served stream: a frame that breaks the layout ends the stream, and with it what was held over it', async () => {
  const stream = await openPresenceStream(self, tab)
  stream.send({ type: 'hold', sequence: 1, leases: [(await leaseOf(tab, self.peer)).bytes] })
  await stream.next('held')
  stream.sendRaw([6, new Uint8Array(31), 0])
  await waitFor(() => stream.store.count(KEY) === 0, 1_000, 'the end')
  expect(stream.withdrawn).toHaveLength(1)
})

test('served stream: an opener that reads records is sent those of other servers, and any other the unsigned list', async () => {
  const welcomes = []
  for (const readsRecords of [true, false]) {
    const stream = await openPresenceStream(self, home, {
      hello: 'none',
      records: [Uint8Array.of(1)],
      servers: [{ peer: other.multihash, addresses: [] }],
    })
    stream.send({ type: 'hello', role: 'node', addresses: [], answersProbes: false, readsRecords })
    welcomes.push(await stream.next('welcome'))
  }
  const unsigned = [{ peer: other.multihash, addresses: [] }]
  expect(welcomes).toEqual([
    expect.objectContaining({ servers: [], records: [Uint8Array.of(1)] }),
    expect.objectContaining({ servers: unsigned }),
  ])
  expect(welcomes[1]).not.toHaveProperty('records')
})

test('served stream: an opener that reads news is told of servers that come later, and any other is not', async () => {
  const tellers: ((records: Uint8Array[]) => void)[] = []
  const streams = []
  for (const readsNews of [true, false]) {
    const stream = await openPresenceStream(self, home, { hello: 'none', tellers })
    stream.send({ type: 'hello', role: 'node', addresses: [], answersProbes: false, readsRecords: true, readsNews })
    await stream.next('welcome')
    streams.push(stream)
  }
  expect(tellers).toHaveLength(1)
  tellers[0]?.([Uint8Array.of(2)])
  expect(await streams[0]?.next('servers')).toEqual({ type: 'servers', records: [Uint8Array.of(2)] })
  streams[0]?.close()
  await waitFor(() => tellers.length === 0, 1_000, 'the end of the news')
})
