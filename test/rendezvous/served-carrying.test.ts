/** Leases that one server carries for another, where servers form groups, at the answering end of a presence stream. */

import { beforeAll, expect, test } from 'vitest'
import { sha256AtOnce } from '../../node/keys/index.ts'
import { NODE_LIMITS } from '../../node/limits.ts'
import { createRecordStore } from '../../node/rendezvous/record-store.ts'
import type { HomeService } from '../../node/rendezvous/types.ts'
import { type PresenceFrame, SCOPE } from '../../node/rendezvous/wire-frames.ts'
import { SAMPLE_KEY as KEY, leaseOf, reasons } from '../helpers/sample-leases.ts'
import { createSeededPeer, type SeededPeer } from '../helpers/seeded-peer.ts'
import { openPresenceStream, type PresenceStreamOptions } from '../helpers/served-presence.ts'
import { waitFor } from '../helpers/wait-for.ts'

const keyOf = (byte: number) => new Uint8Array(32).fill(byte)

let self: SeededPeer
let tab: SeededPeer
let home: SeededPeer
let other: SeededPeer
beforeAll(async () => {
  ;[self, tab, home, other] = (await Promise.all([1, 2, 3, 4].map(createSeededPeer))) as [SeededPeer, SeededPeer, SeededPeer, SeededPeer]
})

/** A server of a group that carries for servers of other groups; the home is one of those, the other server a mate. */
const groups = {
  report: () => ({ bits: 1, size: 12 }),
  mustCarry: ({ peer }: { peer: string }) => peer === home.id,
  mayCarry: ({ peer }: { peer: string }) => peer === other.id,
}

test('served stream: leases of a home of another group are told on, and withdrawn when they are released, or the home goes', async () => {
  const stream = await openPresenceStream(self, home, { hello: 'node', groups, graceMs: 0 })
  const leases = [await leaseOf(tab, home.peer), await leaseOf(home, home.peer, keyOf(2)), await leaseOf(tab, home.peer, keyOf(3))]
  stream.send({ type: 'hold', sequence: 1, leases: leases.map(({ bytes }) => bytes) })
  expect(reasons(await stream.next('held'))).toEqual([])
  expect(stream.announced.map(({ holder }) => holder)).toEqual([tab.id, home.id, tab.id])
  stream.send({ type: 'release', records: [{ key: KEY, holder: tab.multihash }] })
  await stream.settled()
  expect(stream.withdrawn).toEqual([{ key: KEY, holder: tab.id }])
  stream.close()
  await waitFor(() => stream.withdrawn.length === 3, 1_000, 'the end of all')
  expect(stream.withdrawn.map(({ holder }) => holder)).toEqual([tab.id, home.id, tab.id])
})

test('served stream: what two homes brought one after the other is told of until the later one releases it', async () => {
  const owners: PresenceStreamOptions['owners'] = new Map()
  const store = createRecordStore(NODE_LIMITS, Date.now, Math.random)
  const everybody = { ...groups, mustCarry: () => true }
  const first = await openPresenceStream(self, home, { hello: 'node', groups: everybody, owners, store })
  const second = await openPresenceStream(self, other, { hello: 'node', groups: everybody, owners, store })
  const release: PresenceFrame = { type: 'release', records: [{ key: KEY, holder: tab.multihash }] }
  const [old, fresh] = [await leaseOf(tab, home.peer), await leaseOf(tab, other.peer, KEY, { lifetimeMs: 61_000 })]
  first.send({ type: 'hold', sequence: 1, leases: [old.bytes] })
  await first.next('held')
  second.send({ type: 'hold', sequence: 1, leases: [fresh.bytes] })
  await second.next('held')
  first.send(release)
  await first.settled()
  expect([first.withdrawn, store.count(KEY)]).toEqual([[], 1])
  second.send(release)
  await second.settled()
  expect([second.withdrawn.length, store.count(KEY)]).toEqual([1, 0])
})

test('served stream: what two streams bring for one home is told on until both have ended it, whichever came last', async () => {
  const owners: PresenceStreamOptions['owners'] = new Map()
  const store = createRecordStore(NODE_LIMITS, Date.now, Math.random)
  const everybody = { ...groups, mustCarry: () => true, mayCarry: () => true }
  const [ofHome, ofOther] = [
    await openPresenceStream(self, home, { hello: 'node', groups: everybody, owners, store }),
    await openPresenceStream(self, other, { hello: 'node', groups: everybody, owners, store }),
  ]
  const hold: PresenceFrame = { type: 'hold', sequence: 1, leases: [(await leaseOf(tab, home.peer)).bytes] }
  const release: PresenceFrame = { type: 'release', records: [{ key: KEY, holder: tab.multihash }] }
  for (const stream of [ofHome, ofOther]) {
    stream.send(hold)
    await stream.next('held')
  }
  ofOther.send(release)
  await ofOther.settled()
  expect([ofOther.withdrawn, store.count(KEY)]).toEqual([[], 1])
  ofHome.send(release)
  await ofHome.settled()
  expect([ofHome.withdrawn.length, store.count(KEY)]).toEqual([1, 0])
})

test('served stream: a node’s own lease that comes back to it is not told on, so nobody else’s release ends it', async () => {
  const stream = await openPresenceStream(self, other, {
    ...{ hello: 'node', groups: { ...groups, mustCarry: () => true, mayCarry: () => true } },
  })
  stream.send({ type: 'hold', sequence: 1, leases: [(await leaseOf(self, self.peer)).bytes] })
  expect(reasons(await stream.next('held'))).toEqual([])
  stream.send({ type: 'release', records: [{ key: KEY, holder: self.multihash }] })
  await stream.settled()
  expect([stream.announced, stream.withdrawn]).toEqual([[], []])
})

test('served stream: of two streams of one carrier the later one stands for what it carries', async () => {
  const store = createRecordStore(NODE_LIMITS, Date.now, Math.random)
  const open = () => openPresenceStream(self, other, { hello: 'node', groups, store, graceMs: 60_000 })
  const lease = await leaseOf(tab, home.peer)
  for (const sequence of [1, 2]) {
    const stream = await open()
    stream.send({ type: 'hold', sequence, leases: [lease.bytes] })
    await stream.next('held')
    if (sequence === 1) continue
    stream.send({ type: 'release', records: [{ key: KEY, holder: tab.multihash }] })
    await stream.settled()
  }
  expect(store.count(KEY)).toBe(0)
})

test('served stream: what a tab tells again over a new stream is withdrawn when that one releases it, though the old one stands', async () => {
  const owners: PresenceStreamOptions['owners'] = new Map()
  const store = createRecordStore(NODE_LIMITS, Date.now, Math.random)
  const open = () => openPresenceStream(self, tab, { owners, store })
  const [old, now] = [await open(), await open()]
  const lease = await leaseOf(tab, self.peer)
  for (const stream of [old, now]) {
    stream.send({ type: 'hold', sequence: 1, leases: [lease.bytes] })
    await stream.next('held')
  }
  now.send({ type: 'release', records: [{ key: KEY, holder: tab.multihash }] })
  await now.settled()
  expect([now.withdrawn, store.count(KEY)]).toEqual([[{ key: KEY, holder: tab.id }], 0])
})

test('served stream: the bits that a node says count for the leases behind them', async () => {
  const asked: (number | undefined)[] = []
  const noting = {
    ...groups,
    mustCarry({ bits }: { bits: number | undefined }) {
      asked.push(bits)
      return false
    },
  }
  const stream = await openPresenceStream(self, home, { hello: 'node', groups: noting })
  for (const [index, bits] of [undefined, 1, 0].entries()) {
    if (bits !== undefined) stream.send({ type: 'heartbeat', bits })
    stream.send({ type: 'hold', sequence: index, leases: [(await leaseOf(home, home.peer, keyOf(index))).bytes] })
  }
  await stream.settled()
  expect(asked).toEqual([undefined, 1, 0])
})

test('served stream: a watch that is told again is answered again: whoever asks has dropped the count', async () => {
  const listeners: ((count: number, people: number) => void)[] = []
  const service = {
    watch(...[, listener]: Parameters<HomeService['watch']>) {
      listeners.push(listener)
      return () => {}
    },
  }
  const stream = await openPresenceStream(self, home, { hello: 'node', groups, service })
  for (const scope of [SCOPE.own, SCOPE.group]) {
    stream.send({ type: 'watch', key: KEY, scope })
    if (scope === SCOPE.group) {
      stream.send({ type: 'watch', key: KEY, scope }) // nobody has answered yet
      await stream.settled()
      listeners[0]?.(3, 2)
    }
    const count = await stream.next('count')
    stream.send({ type: 'watch', key: KEY, scope })
    expect(await stream.next('count')).toEqual(count)
  }
  expect([listeners.length, stream.received.filter(({ type }) => type === 'count').length]).toEqual([1, 4])
})

test('served stream: a record node takes leases from a server that carries them, and tells nobody; not from a tab, nor where there are no groups', async () => {
  const lease = await leaseOf(tab, home.peer)
  const hold: PresenceFrame = { type: 'hold', sequence: 1, leases: [lease.bytes] }
  const answers = await Promise.all(
    [
      { groups, hello: 'node' } as const,
      { groups, hello: 'tab' } as const,
      { groups: { ...groups, mayCarry: () => undefined }, hello: 'node' } as const,
      { hello: 'node' } as const,
    ].map(async (options) => {
      const stream = await openPresenceStream(self, other, options)
      stream.send(hold)
      const held = await stream.next('held')
      return [reasons(held), stream.store.count(KEY), stream.announced.length]
    }),
  )
  expect(answers).toEqual([
    [[], 1, 0],
    [[[0, 'bad-lease']], 0, 0],
    [[[0, 'busy']], 0, 0],
    [[[0, 'bad-lease']], 0, 0],
  ])
})

test('served stream: a node is told the size of the group, with the welcome and with heartbeats; a tab is not', async () => {
  const node = await openPresenceStream(self, home, { groups, hello: 'none' })
  node.send({ type: 'hello', role: 'node', addresses: [], answersProbes: false, readsRecords: true })
  expect((await node.next('welcome')).group).toEqual({ bits: 1, size: 12, letsRest: true })
  node.send({ type: 'heartbeat' })
  expect((await node.next('heartbeat-reply')).group).toEqual({ bits: 1, size: 12, letsRest: true })
  const stream = await openPresenceStream(self, tab, { groups })
  stream.send({ type: 'heartbeat' })
  expect((await stream.next('heartbeat-reply')).group).toBeUndefined()
})

test('served stream: a find for another server asks the record nodes alone', async () => {
  const finds: (boolean | undefined)[] = []
  const service = {
    async find(...[, , , isForServer]: Parameters<HomeService['find']>) {
      finds.push(isForServer)
      return []
    },
  }
  const stream = await openPresenceStream(self, home, { hello: 'node', groups, service })
  stream.send({ type: 'find', id: 1, key: KEY, limit: 4, scope: SCOPE.group })
  stream.send({ type: 'find', id: 2, key: KEY, limit: 4, scope: SCOPE.network })
  await stream.next('found')
  await stream.next('found')
  expect(finds).toEqual([true, false])
})

test('served stream: a delegate keeps a home’s small content itself, and tells it to nobody: it would outlive the home’s stream there', async () => {
  const content = new TextEncoder().encode('a page')
  const key = sha256AtOnce(content)
  const stream = await openPresenceStream(self, home, { hello: 'node', groups, graceMs: 60_000 })
  stream.send({ type: 'hold', sequence: 1, leases: [(await leaseOf(tab, home.peer, key)).bytes], contents: [content] })
  await stream.next('held')
  expect(stream.store.contentOf(key)).toEqual(content)
  expect(stream.beside.map((beside) => beside.content)).toEqual([undefined])
})
