import type { Libp2p, PeerId } from '@libp2p/interface'
import fc from 'fast-check'
import { TypedEventEmitter } from 'main-event'
import { afterEach, beforeAll, expect, onTestFinished, test, vi } from 'vitest'
import { sha256 } from '../../node/keys/index.ts'
import { type ConnectionKind, compareDistance } from '../../node/network/index.ts'
import { createRoutingTable, type KadTable, type KadWalker, type RoutingTable } from '../../node/network/routing-table.ts'
import { hasGapAt, isSelfAmongClosest } from '../../node/network/server-nearness.ts'
import { addressOfKind } from '../helpers/connection-address.ts'
import { createSeededPeer, type SeededPeer } from '../helpers/seeded-peer.ts'
import { waitFor } from '../helpers/wait-for.ts'

const POSITION = fc.uint8Array({ minLength: 32, maxLength: 32 })
const distance = (a: Uint8Array, b: Uint8Array) => BigInt(`0x${Buffer.from(a.map((byte, i) => byte ^ (b[i] ?? 0))).toString('hex')}`)

test('compareDistance: orders by XOR, as numbers of 256 bits do', () => {
  fc.assert(
    fc.property(POSITION, POSITION, POSITION, (position, a, b) => {
      const expected = distance(position, a) - distance(position, b)
      expect(Math.sign(compareDistance(position, a, b))).toBe(expected < 0n ? -1 : expected > 0n ? 1 : 0)
    }),
  )
})

test('compareDistance: of two positions that differ in one bit, the nearer is the one that agrees there', () => {
  fc.assert(
    fc.property(POSITION, POSITION, fc.nat(255), (position, a, bit) => {
      const b = a.slice()
      const at = Math.floor(bit / 8)
      const mask = 128 >> (bit % 8)
      b[at] = (a[at] ?? 0) ^ mask
      const agrees = ((position[at] ?? 0) & mask) === ((a[at] ?? 0) & mask)
      expect(compareDistance(position, a, b) < 0).toBe(agrees)
      expect(compareDistance(position, a, a)).toBe(0)
    }),
  )
})

const PROTOCOLS = ['/kad', '/presence']

let self: SeededPeer
let peers: SeededPeer[]
beforeAll(async () => {
  ;[self, ...peers] = (await Promise.all(Array.from({ length: 13 }, (_, i) => createSeededPeer(i + 1)))) as [SeededPeer, ...SeededPeer[]]
})

const tables: RoutingTable[] = []
afterEach(() => {
  for (const table of tables.splice(0)) table.stop()
  vi.restoreAllMocks()
})

/** The table over a libp2p and a kad-dht that do as the test says. */
async function createTable({ walk }: { walk?: KadWalker['getClosestPeers'] } = {}) {
  const asked: unknown[] = []
  const all: unknown[] = []
  const kad = new TypedEventEmitter<{ 'peer:add': CustomEvent<PeerId>; 'peer:remove': CustomEvent<PeerId> }>()
  const network = new TypedEventEmitter<Record<string, CustomEvent>>()
  const connected = new Set<string>()
  const tabs = new Set<string>()
  const offered: string[] = []
  const removed: string[] = []
  const kadKeeps = new Set<string>()
  /** Peers that kad-dht has, without having said so. */
  const silent = new Set<string>()
  const table = createRoutingTable(
    Object.assign(network, {
      peerId: self.peer,
      getConnections: (peer?: PeerId) =>
        peer === undefined
          ? all
          : connected.has(peer.toString())
            ? [{ remoteAddr: addressOfKind(tabs.has(peer.toString()) ? 'direct' : 'socket') }]
            : [],
    }) as unknown as Libp2p,
    Object.assign(kad, {
      async add(peer: PeerId) {
        offered.push(peer.toString())
      },
      find: async (peer: PeerId) => (silent.has(peer.toString()) ? peer : undefined),
      async remove(peer: PeerId) {
        removed.push(peer.toString())
        if (kadKeeps.has(peer.toString())) throw new Error('not removed')
        kad.safeDispatchEvent('peer:remove', { detail: peer })
      },
    }) as unknown as KadTable,
    { getClosestPeers: walk ?? async function* () {} } as KadWalker,
    PROTOCOLS,
    async (connection) => asked.push(connection),
  )
  tables.push(table)
  await table.start()
  const identify = (peer: SeededPeer, protocols = PROTOCOLS, connection: object = {}) =>
    network.safeDispatchEvent('peer:identify', { detail: { peerId: peer.peer, protocols, connection } })
  return {
    table,
    asked,
    all,
    connected,
    offered,
    removed,
    kadKeeps,
    silent,
    identify,
    addToKad: (peer: SeededPeer) => kad.safeDispatchEvent('peer:add', { detail: peer.peer }),
    removeFromKad: (peer: SeededPeer) => kad.safeDispatchEvent('peer:remove', { detail: peer.peer }),
    arrive(peer: SeededPeer, isTab = false) {
      if (isTab) tabs.add(peer.id)
      connected.add(peer.id)
      identify(peer)
      kad.safeDispatchEvent('peer:add', { detail: peer.peer })
    },
    leave(peer: SeededPeer) {
      connected.delete(peer.id)
      network.safeDispatchEvent('peer:disconnect', { detail: peer.peer })
    },
  }
}

test('routing-table: knows the nearest of all servers, nearest first', async () => {
  const { table, arrive } = await createTable()
  for (const peer of peers) arrive(peer)
  await waitFor(() => table.size === peers.length, 1_000, 'all servers')
  const position = await sha256(Uint8Array.of(9))
  const placed = await Promise.all(peers.map(async ({ id, multihash }) => ({ id, at: await sha256(multihash) })))
  const nearest = placed.toSorted((a, b) => (distance(position, a.at) < distance(position, b.at) ? -1 : 1)).map(({ id }) => id)
  for (const count of [0, 1, 3, 12, 100]) expect(table.closest(position, count).map(String)).toEqual(nearest.slice(0, count))
})

test('routing-table: this peer is among the closest when fewer than so many are nearer', async () => {
  const { table, arrive } = await createTable()
  for (const peer of peers) arrive(peer)
  await waitFor(() => table.size === peers.length, 1_000, 'all servers')
  const own = await sha256(self.multihash)
  expect(isSelfAmongClosest(table, own, 1)).toBe(true)
  const opposite = own.map((byte) => byte ^ 255)
  expect(isSelfAmongClosest(table, opposite, peers.length)).toBe(false)
  expect(isSelfAmongClosest(table, opposite, peers.length + 1)).toBe(true)
})

test('routing-table: a peer that does not announce presence is no server, in any order of events', async () => {
  const { table, identify, addToKad, offered } = await createTable()
  const [stock, early, late] = peers as [SeededPeer, SeededPeer, SeededPeer]
  identify(stock, ['/kad'])
  addToKad(stock)
  addToKad(early)
  identify(early)
  identify(late)
  addToKad(late)
  await waitFor(() => table.size === 2, 1_000, 'two servers')
  expect([stock, early, late].map(({ peer }) => table.has(peer))).toEqual([false, true, true])
  expect(offered).toEqual([late.id])
})

test('routing-table: another tab that says it is a server is none, and leaves kad-dht’s own table too', async () => {
  const { table, arrive, removed } = await createTable()
  const [liar, server] = peers as [SeededPeer, SeededPeer]
  arrive(liar, true)
  arrive(server)
  await waitFor(() => table.size === 1, 1_000, 'the server')
  expect(table.has(liar.peer)).toBe(false)
  expect(removed).toEqual([liar.id])
})

test('routing-table: a connection whose peer has not said what it speaks is asked again, a direct one is not', async () => {
  vi.useFakeTimers()
  onTestFinished(() => void vi.useRealTimers())
  const { table, asked, all, identify } = await createTable()
  const [heard, unheard] = peers as [SeededPeer, SeededPeer]
  const [first, second, direct] = ['socket', 'socket', 'direct'].map((kind) => ({ remoteAddr: addressOfKind(kind as ConnectionKind) }))
  all.push(first, second, direct)
  identify(heard, PROTOCOLS, first)
  expect([heard, unheard].map(({ peer }) => table.isIdentified(peer))).toEqual([true, false])
  await vi.advanceTimersByTimeAsync(5_000)
  expect(asked).toEqual([]) // its first answer may be on the way
  await vi.advanceTimersByTimeAsync(5_000)
  expect(asked).toEqual([second])
  identify(unheard, PROTOCOLS, second)
  await vi.advanceTimersByTimeAsync(20_000)
  expect(asked).toEqual([second])
})

test('routing-table: a server that says it keeps presence no more is none', async () => {
  const { table, arrive, identify } = await createTable()
  const [peer] = peers as [SeededPeer]
  arrive(peer)
  await waitFor(() => table.size === 1, 1_000, 'the server')
  identify(peer, ['/kad'])
  expect(table.size).toBe(0)
})

test('routing-table: a server that disconnects is out at once, unless another connection to it is open', async () => {
  const { table, arrive, leave, connected } = await createTable()
  const [peer] = peers as [SeededPeer]
  arrive(peer)
  await waitFor(() => table.size === 1, 1_000, 'the server')
  leave(peer)
  expect(table.size).toBe(0)
  arrive(peer)
  await waitFor(() => table.size === 1, 1_000, 'the server again')
  leave(peer)
  connected.add(peer.id)
  arrive(peer)
  await waitFor(() => table.size === 1, 1_000, 'the server once more')
})

test('routing-table: a server that disconnects is out even where kad-dht does not let it go', async () => {
  const { table, arrive, leave, kadKeeps } = await createTable()
  const [peer] = peers as [SeededPeer]
  arrive(peer)
  await waitFor(() => table.size === 1, 1_000, 'the server')
  kadKeeps.add(peer.id)
  leave(peer)
  expect(table.size).toBe(0)
  arrive(peer)
  await waitFor(() => table.size === 1, 1_000, 'the server again')
})

test('routing-table: a server that kad-dht has taken without a word is known', async () => {
  const { table, identify, silent, offered } = await createTable()
  const [untold, other] = peers as [SeededPeer, SeededPeer]
  silent.add(untold.id)
  identify(untold)
  identify(other)
  await waitFor(() => table.size === 1, 1_000, 'the server')
  expect([table.has(untold.peer), offered]).toEqual([true, [untold.id, other.id]])
})

test('routing-table: a peer that leaves while its place is computed is not added', async () => {
  const { table, arrive, leave } = await createTable()
  const [peer, other] = peers as [SeededPeer, SeededPeer]
  arrive(peer)
  leave(peer)
  arrive(other)
  await waitFor(() => table.size === 1, 1_000, 'the other')
  expect(table.has(peer.peer)).toBe(false)
})

test('routing-table: a server that kad-dht has dropped is one no more', async () => {
  const { table, arrive, removeFromKad } = await createTable()
  const [peer] = peers as [SeededPeer]
  arrive(peer)
  await waitFor(() => table.size === 1, 1_000, 'the server')
  removeFromKad(peer)
  expect(table.size).toBe(0)
})

test('routing-table: tells of changes that come together once', async () => {
  const { table, arrive, leave } = await createTable()
  const changed = vi.fn()
  const end = table.onChange(changed)
  for (const peer of peers) arrive(peer)
  await waitFor(() => changed.mock.calls.length > 0, 1_000, 'the change')
  expect(changed).toHaveBeenCalledTimes(1)
  expect(table.size).toBe(peers.length)
  end()
  leave(peers[0] as SeededPeer)
  const last = vi.fn()
  table.onChange(last)
  await waitFor(() => last.mock.calls.length > 0, 1_000, 'the next change')
  expect(changed).toHaveBeenCalledTimes(1)
})

test('routing-table: an empty table has no gap, since kad-dht would wait for ever to walk from it', async () => {
  const { table, arrive, leave } = await createTable()
  const [peer] = peers as [SeededPeer]
  const position = new Uint8Array(32)
  expect(hasGapAt(table, position)).toBe(false)
  arrive(peer)
  await waitFor(() => table.size === 1, 1_000, 'the server')
  expect(hasGapAt(table, position)).toBe(true)
  leave(peer)
  expect(hasGapAt(table, position)).toBe(false)
})

async function walked(walk: AsyncIterable<PeerId>): Promise<string[]> {
  const ids: string[] = []
  for await (const peer of walk) ids.push(peer.toString())
  return ids
}

test('routing-table: a walk yields the final peers, and what it has found when it fails', async () => {
  const [a, b] = peers as [SeededPeer, SeededPeer]
  const { table } = await createTable({
    async *walk() {
      yield { name: 'PEER_RESPONSE' }
      yield { name: 'FINAL_PEER', peer: { id: a.peer } }
      yield { name: 'FINAL_PEER', peer: { id: b.peer } }
      throw new Error('the query has failed')
    },
  })
  expect(await walked(table.walk(new Uint8Array()))).toEqual([a.id, b.id])
})

test('routing-table: a walk that nobody answers ends in time, and one that is aborted throws the reason', async () => {
  const late = new AbortController()
  vi.spyOn(AbortSignal, 'timeout').mockReturnValue(late.signal)
  const { table } = await createTable({
    async *walk(_key, { signal } = {}) {
      await new Promise((_resolve, reject) => {
        signal?.addEventListener('abort', () => reject(signal.reason))
        if (signal?.aborted) reject(signal.reason)
      })
      yield { name: 'FINAL_PEER' }
    },
  })
  const aborted = new AbortController()
  const [inTime, ended] = [walked(table.walk(new Uint8Array())), walked(table.walk(new Uint8Array(), { signal: aborted.signal }))]
  const reason = new Error('enough')
  aborted.abort(reason)
  await expect(ended).rejects.toBe(reason)
  late.abort(new Error('too late'))
  expect(await inTime).toEqual([])
})
