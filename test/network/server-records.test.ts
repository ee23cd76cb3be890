import type { Connection, Libp2p, PeerId, StreamHandler } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { streamPair } from '@libp2p/utils'
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import { beforeAll, expect, onTestFinished, test, vi } from 'vitest'
import { createEmitter } from '../../node/async/emitter.ts'
import { decodeGroupFrame, encodeGroupFrame } from '../../node/network/group-wire.ts'
import { MAX_SERVER_RECORD_BYTES } from '../../node/network/index.ts'
import { openServerRecord } from '../../node/network/server-record.ts'
import { createServerRecords, type ServerRecordsOptions } from '../../node/network/server-records.ts'
import { createRawStream } from '../helpers/raw-stream.ts'
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

/** Records over a peer store, a table and dials that are the test's. */
function createKept({ ownRecord, ...options }: ServerRecordsOptions & { ownRecord?: () => Promise<Uint8Array> } = {}) {
  const identified = createEmitter<PeerId>()
  const connected = new Set<string>()
  const envelopes = new Map<string, Uint8Array>()
  const dialled: string[] = []
  const handlers: StreamHandler[] = []
  /** Servers to which a connection is open that have not said what they speak. */
  const opened = new Set<string>()
  const unreachable = new Set<string>()
  /** Other servers are connected. */
  const changed = createEmitter<void>()
  const records = createServerRecords(
    {
      libp2p: {
        peerId: self.peer,
        peerStore: { get: async (peer: PeerId) => ({ peerRecordEnvelope: envelopes.get(peer.toString()) }) },
        getConnections: (peer: PeerId) => (connected.has(peer.toString()) || opened.has(peer.toString()) ? [{}] : []),
        handle: async (_: string, handler: StreamHandler) => void handlers.push(handler),
        unhandle: async () => {},
        async dial([address]: Multiaddr[]) {
          dialled.push(String(address))
          if (unreachable.has(String(address).split('/').at(-1) as string)) throw new Error('nobody there')
          opened.add(String(address).split('/').at(-1) as string)
        },
      } as unknown as Libp2p,
      servers: {
        isIdentified: (peer) => connected.has(peer.toString()),
        onIdentify: identified.on,
        placed: () => [...connected].map((id) => ({ name: peerIdFromString(id), position: new Uint8Array(32) })),
        onChange: changed.on,
      },
      ...(ownRecord && { dht: { ownRecord } }),
      random: () => 0.5,
    },
    options,
  )
  records.start()
  onTestFinished(records.stop)
  return {
    records,
    handlers,
    dialled,
    connected,
    opened,
    unreachable,
    change: () => changed.emit(),
    async connect(peer: SeededPeer, issuedAtMs = 1) {
      connected.add(peer.id)
      envelopes.set(peer.id, await createServerRecord(peer, [ADDRESS], issuedAtMs))
      identified.emit(peer.peer)
      await waitFor(() => records.addressesOf(peer.id).length > 0, 1_000, 'the record')
    },
  }
}
const addressOf = ({ id }: SeededPeer) => `${ADDRESS}/p2p/${id}`

test('server records: a server that connects is known by its own record, and passed on while it is connected, never to itself', async () => {
  const { records, connected, connect } = createKept()
  await connect(a)
  expect(records.greet(b.id, 8).records).toEqual([await createServerRecord(a, [ADDRESS], 1)])
  expect(records.greet(a.id, 8).records).toEqual([])
  connected.clear()
  expect(records.greet(b.id, 8).records).toEqual([])
  expect(records.addressesOf(a.id)).toEqual([ADDRESS])
})

test('server records: of two that come at the same moment the entrance tells one of the other, which dials', async () => {
  const { records, connect } = createKept()
  const told: Uint8Array[] = []
  const { end } = records.greet(a.id, 8, (more) => told.push(...more))
  onTestFinished(end)
  await connect(b)
  expect(records.greet(b.id, 8).records).toEqual([])
  await connect(a)
  await waitFor(() => told.length > 0, 1_000, 'the news')
  expect(told).toEqual([await createServerRecord(b, [ADDRESS], 1)])
  expect(records.greet(b.id, 8).records).toEqual([]) // a dials
})

test('server records: a server that was only told of is dialled, once, and is not passed on', async () => {
  const { records, dialled } = createKept()
  const told = await createServerRecord(b, [ADDRESS], 1)
  await records.takeRecords([told, await createServerRecord(self, [ADDRESS], 1)], a.id, true)
  await records.takeRecords([told], a.id, true)
  expect(dialled).toEqual([addressOf(b)])
  expect(records.greet(a.id, 8).records).toEqual([])
  records.remove(b.id)
  expect(records.size).toBe(0)
})

test('server records: a server whose connection ended before it was known is dialled again when it is told of again, by its newest record', async () => {
  const { records, dialled, opened } = createKept()
  const MOVED = multiaddr('/ip4/192.0.2.8/tcp/4000/ws')
  await records.takeRecords([await createServerRecord(b, [MOVED], 2)], a.id, true)
  await waitFor(() => opened.has(b.id), 1_000, 'the dial')
  opened.clear()
  await records.takeRecords([await createServerRecord(b, [MOVED], 2)], a.id, true)
  opened.clear()
  await records.takeRecords([await createServerRecord(b, [ADDRESS], 1)], a.id, true)
  expect(dialled).toEqual(Array(3).fill(`${MOVED}/p2p/${b.id}`))
})

test('server records: who is told of by another peer than the entrance may come by itself first, and is dialled after a while', async () => {
  vi.useFakeTimers()
  onTestFinished(() => void vi.useRealTimers())
  const { records, dialled, connected } = createKept()
  await records.takeRecords(await Promise.all([a, b].map((peer) => createServerRecord(peer, [ADDRESS], 1))), 'other', false)
  expect(dialled).toEqual([])
  connected.add(a.id)
  await vi.advanceTimersByTimeAsync(10_000)
  expect(dialled).toEqual([addressOf(b)])
})

test('server records: a server that was lost is dialled by its newest record, not by the one that it had then', async () => {
  vi.useFakeTimers()
  onTestFinished(() => void vi.useRealTimers())
  const MOVED = multiaddr('/ip4/192.0.2.8/tcp/4000/ws')
  const { records, dialled, connect, connected, unreachable, change } = createKept({ gossipMs: 1_000 })
  unreachable.add(b.id)
  const connecting = connect(b)
  await vi.advanceTimersByTimeAsync(100)
  await connecting
  change()
  connected.clear()
  change()
  await records.takeRecords([await createServerRecord(b, [MOVED], 2)], a.id, true)
  await vi.advanceTimersByTimeAsync(6_000)
  expect(dialled.length).toBeGreaterThan(2)
  expect(new Set(dialled)).toEqual(new Set([`${MOVED}/p2p/${b.id}`]))
})

test('server records: what follows a forged record is left unread', async () => {
  const { records, dialled } = createKept()
  const forged = await createServerRecord(b, [ADDRESS], 9, a.privateKey)
  const list = [await createServerRecord(a, [ADDRESS], 1), forged, await createServerRecord(b, [ADDRESS], 1)]
  await expect(records.takeRecords(list, 'liar', true)).rejects.toEqual(BAD_FRAME)
  await expect(records.takeRecords(list, 'liar', true)).rejects.toEqual(BAD_FRAME)
  expect(dialled).toEqual([addressOf(a)])
})

test('server records: a server that is asked for servers names itself, too, though its book has no record of it', async () => {
  const own = await createServerRecord(self, [ADDRESS], 3)
  const { handlers, connect } = createKept({ splitFloor: 8, ownRecord: async () => own })
  await connect(a)
  const [outbound, inbound] = await streamPair({ delay: 0 })
  handlers[0]?.(inbound, { remotePeer: b.peer } as Connection)
  const raw = createRawStream(outbound, { encode: encodeGroupFrame, decode: decodeGroupFrame })
  raw.send({ type: 'join', turn: 1, place: { high: 0, low: 0 } })
  const { records } = await raw.next('group')
  expect(records).toEqual([own])
  raw.frames.close()
})
