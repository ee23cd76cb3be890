import type { Libp2p, PeerId } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import { beforeAll, expect, onTestFinished, test } from 'vitest'
import { createEmitter } from '../../node/async/emitter.ts'
import { MAX_SERVER_RECORD_BYTES } from '../../node/network/index.ts'
import { openServerRecord } from '../../node/network/server-record.ts'
import { createServerRecords } from '../../node/network/server-records.ts'
import { createSeededPeer, createServerRecord, type SeededPeer } from '../helpers/seeded-peer.ts'
import { waitFor } from '../helpers/wait-for.ts'

const ADDRESS = multiaddr('/ip4/192.0.2.7/tcp/4000/ws')
const BAD_FRAME = expect.objectContaining({ code: 'ERR_BAD_FRAME' })

let self: SeededPeer
let a: SeededPeer
let b: SeededPeer
beforeAll(async () => {
  ;[self, a, b] = (await Promise.all([1, 2, 3].map(createSeededPeer))) as [SeededPeer, SeededPeer, SeededPeer]
})

test('server record: is read with its server, its addresses and its number', async () => {
  const bytes = await createServerRecord(a, [ADDRESS], 7)
  expect(await openServerRecord(bytes)).toEqual({ peer: a.peer, addresses: [ADDRESS], issuedAtMs: 7, bytes })
})

test('server record: one that is signed by another, changed, empty, too long or no record at all is refused', async () => {
  const good = await createServerRecord(a, [ADDRESS], 7)
  const changed = good.slice()
  changed[good.byteLength - 1] = (good.at(-1) as number) ^ 1
  const long = Array.from({ length: 20 }, (_, i) => multiaddr(`/dns/${'x'.repeat(50)}${i}/tcp/4000/ws`))
  const bad = [
    await createServerRecord(a, [ADDRESS], 7, b.privateKey),
    changed,
    await createServerRecord(a, [], 7),
    await createServerRecord(a, long, 7),
    Uint8Array.of(1, 2, 3),
    new Uint8Array(),
  ]
  expect(bad[3]?.byteLength).toBeGreaterThan(MAX_SERVER_RECORD_BYTES)
  for (const bytes of bad) await expect(openServerRecord(bytes)).rejects.toEqual(BAD_FRAME)
})

/** Records over a peer store and a table that are the test's. */
function createKept() {
  const identified = createEmitter<PeerId>()
  const connected = new Set<string>()
  const envelopes = new Map<string, Uint8Array>()
  const records = createServerRecords({
    libp2p: {
      peerId: self.peer,
      peerStore: { get: async (peer: PeerId) => ({ peerRecordEnvelope: envelopes.get(peer.toString()) }) },
    } as unknown as Libp2p,
    servers: { has: (peer) => connected.has(peer.toString()), onIdentify: identified.on },
    random: () => 0.5,
  })
  const news: string[] = []
  records.onNews(({ peer }) => news.push(peer.toString()))
  records.start()
  onTestFinished(records.stop)
  return {
    records,
    news,
    connected,
    async connect(peer: SeededPeer, issuedAtMs = 1) {
      connected.add(peer.id)
      envelopes.set(peer.id, await createServerRecord(peer, [ADDRESS], issuedAtMs))
      identified.emit(peer.peer)
      await waitFor(() => records.addressesOf(peer.id).length > 0, 1_000, 'the record')
    },
  }
}

test('server records: a server that connects is known by its own record, and passed on while it is connected', async () => {
  const { records, connected, connect } = createKept()
  await connect(a)
  expect(records.recordsFor(8)).toEqual([await createServerRecord(a, [ADDRESS], 1)])
  connected.clear()
  expect(records.recordsFor(8)).toEqual([])
  expect(records.addressesOf(a.id)).toEqual([ADDRESS])
})

test('server records: a server that was only told of is to be dialled, once, and is not passed on', async () => {
  const { records, news } = createKept()
  const told = await createServerRecord(b, [ADDRESS], 1)
  await records.takeRecords([told, await createServerRecord(self, [ADDRESS], 1)], a.id)
  await records.takeRecords([told], a.id)
  expect(news).toEqual([b.id])
  expect(records.recordsFor(8)).toEqual([])
  records.remove(b.id)
  expect(records.size).toBe(0)
})

test('server records: what follows a forged record is left unread', async () => {
  const { records, news } = createKept()
  const forged = await createServerRecord(b, [ADDRESS], 9, a.privateKey)
  const list = [await createServerRecord(a, [ADDRESS], 1), forged, await createServerRecord(b, [ADDRESS], 1)]
  await expect(records.takeRecords(list, 'liar')).rejects.toEqual(BAD_FRAME)
  expect(news).toEqual([a.id])
})
