/** A server's own record, as identify hands it to others. */

import type { IdentifyResult, PeerStore } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import { expect, onTestFinished, test } from 'vitest'
import { withOwnRecord } from '../../node/network/own-record.ts'
import { openServerRecord } from '../../node/network/server-record.ts'
import { startRawPeer } from '../helpers/raw-peer.ts'
import { createSeededPeer } from '../helpers/seeded-peer.ts'
import { waitFor } from '../helpers/wait-for.ts'

const HERE = multiaddr('/ip4/127.0.0.1/tcp/4000/ws')
const THERE = multiaddr('/ip4/127.0.0.1/tcp/4001/ws')

/** identify's view of a peer store that knows nobody. */
async function createView(addresses: () => (typeof HERE)[]) {
  const { peer: peerId, privateKey } = await createSeededPeer(1)
  const asked: string[] = []
  const peerStore = { get: async (peer: { toString(): string }) => void asked.push(peer.toString()) }
  const components = {
    peerId,
    privateKey,
    peerStore: peerStore as unknown as PeerStore,
    registrar: { getProtocols: () => ['/a', '/b'] },
    addressManager: { getAddresses: addresses },
  }
  return { peerId, asked, store: withOwnRecord(components).peerStore }
}

test('own record: is signed once for the same addresses, and again when they change', async () => {
  let addresses = [HERE]
  const { store, peerId } = await createView(() => addresses)
  const [one, other] = [await store.get(peerId), await store.get(peerId)]
  expect(one.protocols).toEqual(['/a', '/b'])
  expect(other.peerRecordEnvelope).toBe(one.peerRecordEnvelope)
  addresses = [THERE]
  const { peerRecordEnvelope: moved = new Uint8Array() } = await store.get(peerId)
  const [before, after] = [await openServerRecord(one.peerRecordEnvelope ?? new Uint8Array()), await openServerRecord(moved)]
  expect(before.addresses.map(String)).toEqual([String(HERE)])
  expect(after.addresses.map(String)).toEqual([String(THERE)])
  expect(after.issuedAtMs).toBeGreaterThanOrEqual(before.issuedAtMs)
})

test('own record: a peer without addresses has none, and others are asked for in the store', async () => {
  const { store, peerId, asked } = await createView(() => [])
  expect((await store.get(peerId)).peerRecordEnvelope).toBeUndefined()
  const { peer } = await createSeededPeer(2)
  await store.get(peer)
  expect(asked).toEqual([peer.toString()])
})

test('own record: all who connect to a server get the same one', async () => {
  const server = await startRawPeer({ role: 'node', join: [] })
  onTestFinished(() => server.stop())
  const records: string[] = []
  for (let i = 0; i < 2; i++) {
    const tab = await startRawPeer({ role: 'tab', join: [] })
    onTestFinished(() => tab.stop())
    const heard: IdentifyResult[] = []
    tab.libp2p.addEventListener('peer:identify', ({ detail }) => heard.push(detail))
    await tab.libp2p.dial(server.libp2p.getMultiaddrs())
    await waitFor(() => heard.length > 0, 5_000, 'the server has answered')
    const { peerRecordEnvelope } = await tab.libp2p.peerStore.get(server.libp2p.peerId)
    records.push(Buffer.from(peerRecordEnvelope ?? []).toString('hex'))
    expect(heard[0]?.protocols).toEqual(server.libp2p.getProtocols())
  }
  expect(records[0]).toBe(records[1])
  expect(records[0]).not.toBe('')
})

test('own record: a server writes what a peer speaks once, and not which program it is', async () => {
  const server = await startRawPeer({ role: 'node', join: [] })
  onTestFinished(() => server.stop())
  const { peerStore } = server.libp2p
  const heard: IdentifyResult[] = []
  server.libp2p.addEventListener('peer:identify', ({ detail }) => heard.push(detail))
  const tab = await startRawPeer({ role: 'tab', join: [] })
  onTestFinished(() => tab.stop())
  await tab.libp2p.dial(server.libp2p.getMultiaddrs())
  await waitFor(() => heard.length > 0, 5_000, 'the tab has answered')
  const { protocols, metadata } = await peerStore.get(tab.libp2p.peerId)
  expect(heard[0]?.agentVersion).toBeDefined()
  expect(protocols).toEqual(heard[0]?.protocols)
  expect([...metadata.keys()]).toEqual([])
})
