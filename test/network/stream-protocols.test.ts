/** A node remembers the protocols that a peer has named, however many streams the peer opens. */

import { multiaddr } from '@multiformats/multiaddr'
import { expect, onTestFinished, test, vi } from 'vitest'
import { KAD_PROTOCOL } from '../../node/network/dht.ts'
import { startRawPeer } from '../helpers/raw-peer.ts'
import { waitFor } from '../helpers/wait-for.ts'

const PROTOCOL = '/mayfly/never-read/1.0.0'

async function startPair() {
  const node = await startRawPeer({ role: 'node', join: [] })
  const tab = await startRawPeer({ role: 'tab', join: [] })
  onTestFinished(async () => {
    await tab.stop()
    await node.stop()
  })
  const identified = new Promise<string[]>((resolve) =>
    node.libp2p.addEventListener('peer:identify', ({ detail }) => resolve(detail.protocols), { once: true }),
  )
  const connection = await tab.libp2p.dial(node.libp2p.getMultiaddrs())
  return { node, tab, connection, protocols: await identified }
}

test('stream protocols: a node remembers what a tab has said, not what the tab has opened', async () => {
  const { node, tab, connection, protocols } = await startPair()
  const opened: string[] = []
  await node.libp2p.handle(PROTOCOL, ({ protocol }) => void opened.push(protocol))
  await connection.newStream(KAD_PROTOCOL)
  await connection.newStream(PROTOCOL)
  await waitFor(() => opened.length > 0, 5_000, 'the stream')
  expect(protocols).not.toContain(KAD_PROTOCOL)
  expect((await node.libp2p.peerStore.get(tab.libp2p.peerId)).protocols).toEqual([...protocols].sort())
})

test('stream protocols: a peer that opens no new connection is remembered for as long as it stays', async () => {
  const { node, tab, protocols } = await startPair()
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 24 * 3_600_000 })
  onTestFinished(() => void vi.useRealTimers())
  expect((await node.libp2p.peerStore.get(tab.libp2p.peerId)).protocols).toEqual([...protocols].sort())
})

test('stream protocols: an address that is told with and without the peer id is remembered once', async () => {
  const { node, tab } = await startPair()
  const { peerStore } = node.libp2p
  const peer = tab.libp2p.peerId
  const address = multiaddr('/ip4/192.0.2.7/tcp/4000/ws')
  await peerStore.merge(peer, { multiaddrs: [address] })
  await peerStore.merge(peer, { multiaddrs: [address.encapsulate(`/p2p/${peer}`)] })
  expect((await peerStore.get(peer)).addresses.map((known) => String(known.multiaddr))).toEqual([String(address)])
})
