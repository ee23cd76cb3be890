import { NotFoundError, type PeerId, type PeerStore } from '@libp2p/interface'
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import { Key as DatastoreKey } from 'interface-datastore'
import { base32 } from 'multiformats/bases/base32'
import { beforeAll, expect, test } from 'vitest'
import { multihashOf } from '../../node/keys/index.ts'
import { PROVIDER_STORE_DEFAULTS, ProviderStore, type ProviderStoreOptions } from '../../node/rendezvous/provider-store.ts'
import { createRecordStore, type HolderRecord } from '../../node/rendezvous/record-store.ts'
import { createSeededPeer, type SeededPeer } from '../helpers/seeded-peer.ts'

const KEY = new Uint8Array(32).fill(1)
const ADDRESS = multiaddr('/ip4/192.0.2.7/tcp/4000/ws')
const LIMIT = expect.objectContaining({ code: 'ERR_LIMIT' })

let self: SeededPeer
let stock: SeededPeer
let others: SeededPeer[]
beforeAll(async () => {
  ;[self, stock, ...others] = (await Promise.all([1, 2, 3, 4, 5].map(createSeededPeer))) as [SeededPeer, SeededPeer, ...SeededPeer[]]
})

const keyOf = (byte: number) => new Uint8Array(32).fill(byte)
/** As kad-dht names a provider record. */
const nameOf = (key: Uint8Array, peer?: string) =>
  new DatastoreKey(['/dht/provider', base32.baseEncode(multihashOf(key)), ...(peer === undefined ? [] : [peer])].join('/'))

/** The store as kad-dht sees it; the peer store beside it knows the addresses that it is given. */
function createProviders(options: ProviderStoreOptions & { maxRecords?: number } = {}) {
  const clock = { nowMs: 1_000 }
  const store = createRecordStore({ maxRecords: options.maxRecords ?? 1_000, maxRecordsPerKey: 1_000 }, () => clock.nowMs, Math.random)
  const known = new Map<string, Multiaddr[]>()
  const heard = new Map<string, Multiaddr[]>()
  const peerStore = {
    async get(peer: PeerId) {
      const addresses = known.get(peer.toString())
      if (addresses === undefined) throw new NotFoundError()
      return { addresses: addresses.map((address) => ({ multiaddr: address })) }
    },
    async merge(peer: PeerId, { multiaddrs }: { multiaddrs: Multiaddr[] }) {
      if (multiaddrs.some((address) => address.toString().startsWith('/unix'))) throw new Error('not an address')
      known.set(peer.toString(), multiaddrs)
    },
  } as unknown as PeerStore
  const providers = new ProviderStore(
    {
      store,
      now: () => clock.nowMs,
      peerId: self.peer,
      peerStore,
      addressesOf: (home) => heard.get(home) ?? [],
    },
    options,
  )
  const put = (key: Uint8Array, peer: string) => providers.put(nameOf(key, peer))
  const hold = (holder: string, home: string, more: Partial<HolderRecord> = {}) =>
    store.put({ key: KEY, holder, home, expiresAtMs: 100_000, lease: Uint8Array.of(1), source: store, ...more })
  const read = async () => {
    const peers: string[] = []
    for await (const { key } of providers.query({ prefix: nameOf(KEY).toString() })) peers.push(key.baseNamespace())
    return peers
  }
  return { providers, store, clock, known, heard, put, hold, read }
}

test('provider-store: answers with the holders of signed leases, homes in the place of tabs', async () => {
  const { known, hold, read } = createProviders()
  const [home, another] = others as [SeededPeer, SeededPeer]
  known.set(home.id, [ADDRESS]).set(another.id, [ADDRESS])
  hold('tab-1', home.id)
  hold('tab-2', home.id)
  hold(another.id, another.id)
  hold('own tab', self.id)
  expect((await read()).toSorted()).toEqual([home.id, another.id, self.id].toSorted())
})

test('provider-store: yields records in the form of kad-dht’s own', async () => {
  const { providers, clock, hold } = createProviders()
  clock.nowMs = 1_760_000_000_000
  hold('own tab', self.id, { expiresAtMs: clock.nowMs + 1 })
  const pairs = []
  for await (const pair of providers.query({ prefix: nameOf(KEY).toString() })) pairs.push(pair)
  expect(pairs.map(({ key }) => key.toString())).toEqual([nameOf(KEY, self.id).toString()])
  let time = 0
  for (const byte of pairs[0]?.value.toReversed() ?? []) time = time * 128 + (byte % 128)
  expect(time).toBe(clock.nowMs)
})

test('provider-store: one peer that is missing never hides another', async () => {
  const { known, hold, read } = createProviders()
  const [missing, there] = others as [SeededPeer, SeededPeer]
  known.set(there.id, [ADDRESS])
  hold(missing.id, missing.id)
  hold(there.id, there.id)
  expect(await read()).toEqual([there.id])
})

test('provider-store: a home whose address cannot be kept never hides another', async () => {
  const { known, heard, hold, read } = createProviders()
  const [bad, there] = others as [SeededPeer, SeededPeer]
  heard.set(bad.id, [multiaddr('/unix/tmp')])
  known.set(there.id, [ADDRESS])
  hold(bad.id, bad.id)
  hold(there.id, there.id)
  expect(await read()).toEqual([there.id])
})

test('provider-store: a home that libp2p has forgotten is yielded by what its stream told', async () => {
  const { known, heard, hold, read } = createProviders()
  const [home] = others as [SeededPeer]
  heard.set(home.id, [ADDRESS])
  known.set(home.id, [])
  hold('tab', home.id)
  expect(await read()).toEqual([home.id])
  expect(known.get(home.id)).toEqual([ADDRESS])
})

test('provider-store: maxProviders bounds an answer', async () => {
  const { known, hold, read } = createProviders({ maxProviders: 2 })
  for (const { id } of others) {
    known.set(id, [ADDRESS])
    hold(id, id)
  }
  expect(await read()).toHaveLength(2)
})

test('provider-store: stockLifetimeMs is how long a stock peer’s record is served, and a repeat renews it', async () => {
  const { store, clock, put } = createProviders({ stockLifetimeMs: 500 })
  await put(KEY, stock.id)
  clock.nowMs = 1_499
  expect(store.count(KEY)).toBe(1)
  await put(KEY, stock.id)
  clock.nowMs = 1_998
  expect(store.count(KEY)).toBe(1)
  clock.nowMs = 1_999
  expect(store.count(KEY)).toBe(0)
  expect(PROVIDER_STORE_DEFAULTS.stockLifetimeMs).toBeLessThanOrEqual(600_000)
})

test('provider-store: maxStockRecordsPerPeer bounds what one stock peer keeps here, and not its renewals', async () => {
  const { store, clock, put } = createProviders({ maxStockRecordsPerPeer: 2, stockLifetimeMs: 500 })
  await put(keyOf(1), stock.id)
  await put(keyOf(2), stock.id)
  await expect(put(keyOf(3), stock.id)).rejects.toEqual(LIMIT)
  clock.nowMs = 1_400
  await put(keyOf(1), stock.id)
  clock.nowMs = 1_600
  store.sweep()
  expect([keyOf(1), keyOf(2)].map(store.count)).toEqual([1, 0])
  await put(keyOf(3), stock.id)
  await put(keyOf(3), (others[0] as SeededPeer).id)
})

test('provider-store: an unsigned record never takes the place of a signed lease', async () => {
  const { store, put, hold } = createProviders()
  hold(stock.id, 'home')
  await put(KEY, stock.id)
  expect(store.get(KEY, stock.id)).toMatchObject({ home: 'home', lease: Uint8Array.of(1) })
})

test('provider-store: says so when the record store is full', async () => {
  const { put } = createProviders({ maxRecords: 1 })
  await put(keyOf(1), stock.id)
  await expect(put(keyOf(2), (others[0] as SeededPeer).id)).rejects.toEqual(LIMIT)
})

test.each([
  '/dht/record/abc',
  '/dht/provider',
  '/dht/provider/',
  '/dht/provider/!!!/peer',
  '/dht/provider/aaaa/peer',
  `/dht/provider/${base32.baseEncode(multihashOf(KEY))}`,
  `/dht/provider/${base32.baseEncode(multihashOf(KEY))}/peer/more`,
  `/dht/provider/${base32.baseEncode(Uint8Array.of(0x1b, 32, ...KEY))}/peer`, // keccak-256
  `/dht/provider/${base32.baseEncode(Uint8Array.of(0x12, 31, ...KEY.slice(1)))}/peer`,
])('provider-store: keeps nothing under %s', async (name) => {
  const { providers, store } = createProviders()
  await expect(providers.put(new DatastoreKey(name))).rejects.toEqual(LIMIT)
  expect(store.size).toBe(0)
})

test('provider-store: has no values, and deletes nothing', async () => {
  const { providers, store, put } = createProviders()
  await put(KEY, stock.id)
  expect(await providers.has()).toBe(false)
  await expect(providers.get()).rejects.toMatchObject({ name: 'NotFoundError' })
  await providers.delete()
  expect(store.count(KEY)).toBe(1)
})

test('provider-store: gives nothing where kad-dht asks for everything', async () => {
  const { providers, hold } = createProviders()
  hold('own tab', self.id)
  for (const prefix of ['/dht/provider', '/dht/record', '/']) {
    for await (const pair of providers.query({ prefix })) expect(pair).toBeUndefined()
  }
})
