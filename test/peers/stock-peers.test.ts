/** A libp2p node that knows nothing of this library: stock transports, stock kad-dht, only our protocol prefix. */

import { noise } from '@chainsafe/libp2p-noise'
import { identify } from '@libp2p/identify'
import type { KadDHT } from '@libp2p/kad-dht'
import { kadDHT, passthroughMapper } from '@libp2p/kad-dht'
import { ping } from '@libp2p/ping'
import { webSockets } from '@libp2p/websockets'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p, type Libp2p } from 'libp2p'
import { CID } from 'multiformats/cid'
import { expect, onTestFinished, test } from 'vitest'
import { encodeKeyCid, type Holder, type Key, sha256 } from '../../node/index.ts'
import { ask, createTestGateway } from '../helpers/gateway.ts'
import { createNetwork, type TestNode } from '../helpers/network.ts'
import { waitFor } from '../helpers/wait-for.ts'

async function startStock(join: TestNode): Promise<Libp2p<{ dht: KadDHT }>> {
  const stock = await createLibp2p({
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0/ws'] },
    transports: [webSockets()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    services: {
      identify: identify(),
      ping: ping(),
      dht: kadDHT({ protocol: '/mayfly/kad/1.0.0', clientMode: false, peerInfoMapper: passthroughMapper, initialQuerySelfInterval: 0 }),
    },
  })
  onTestFinished(async () => void (await stock.stop()))
  await stock.dial(multiaddr(join.address))
  return stock
}

async function providersOf(stock: Libp2p<{ dht: KadDHT }>, key: Key): Promise<string[]> {
  const found: string[] = []
  const cid = CID.parse(encodeKeyCid(key))
  for await (const { id, multiaddrs } of stock.contentRouting.findProviders(cid, { signal: AbortSignal.timeout(10_000) })) {
    if (multiaddrs.length > 0) found.push(id.toString())
  }
  return found
}

async function allHolders(node: TestNode, key: Key): Promise<Holder[]> {
  const holders: Holder[] = []
  for await (const holder of node.peer.rendezvous.find(key)) holders.push(holder)
  return holders
}

test('stock peers: find the provider of what a node holds, and the home of what a tab holds', async () => {
  const network = await createNetwork({ nodes: 4 })
  const [a, b, c] = network.nodes
  if (!a || !b || !c) throw new Error('nodes')
  const { key: nodes } = await b.peer.content.hold(new TextEncoder().encode('held by a node'))
  const tab = await network.addTab(c)
  const { key: tabs } = await tab.content.hold(new TextEncoder().encode('held by a tab'))
  const stock = await startStock(a)
  await waitFor(async () => (await providersOf(stock, nodes)).includes(b.peer.id), 20_000, 'the node is found')
  await waitFor(async () => (await providersOf(stock, tabs)).includes(c.peer.id), 20_000, 'the home is found')
  await tab.stop()
  await waitFor(async () => (await providersOf(stock, tabs)).length === 0, 5_000, 'what the tab held is gone')
})

test('stock peers: an announcement of a stock peer is accepted, capped, and expires', async () => {
  const stockLifetimeMs = 2_000
  const network = await createNetwork({ nodes: 4, providers: { stockLifetimeMs } })
  const [a, b] = network.nodes
  if (!a || !b) throw new Error('nodes')
  const stock = await startStock(a)
  const key = await sha256(new TextEncoder().encode('announced by a stranger'))
  // It says 48 hours; here it counts for as long as this overlay allows.
  await stock.contentRouting.provide(CID.parse(encodeKeyCid(key)), { signal: AbortSignal.timeout(10_000) })
  await waitFor(async () => (await allHolders(b, key)).some(({ peer }) => peer === stock.peerId.toString()), 5_000, 'it is found')
  const record = (await allHolders(b, key)).find(({ peer }) => peer === stock.peerId.toString())
  if (record !== undefined) {
    expect(record.signed).toBe(false)
    expect(record.expiresAtMs).toBeLessThanOrEqual(Date.now() + stockLifetimeMs)
  }
  await waitFor(async () => (await allHolders(b, key)).length === 0, stockLifetimeMs + 3_000, 'it has run out')
})

test('stock peers: the addresses of a stock provider are found through every node, and told to IPFS clients', async () => {
  const network = await createNetwork({ nodes: 5 })
  const stock = await startStock(network.nodes[0])
  const key = await sha256(new TextEncoder().encode('provided by a stranger'))
  const cid = encodeKeyCid(key)
  await stock.contentRouting.provide(CID.parse(cid), { signal: AbortSignal.timeout(10_000) })
  const id = stock.peerId.toString()
  const expected = stock.getMultiaddrs().map((address) => address.decapsulateCode(421).toString())
  expect(expected).toHaveLength(1)
  // Some are record nodes of the key, and have its record themselves; the others ask them.
  for (const node of network.nodes) {
    await waitFor(async () => (await allHolders(node, key)).some(({ peer }) => peer === id), 5_000, 'it is found')
    const { port } = await createTestGateway(node.peer)
    const { Providers } = JSON.parse((await ask(port, `/routing/v1/providers/${cid}`)).text)
    // Nobody vouches that it has an HTTP port.
    expect(Providers).toEqual([{ Schema: 'peer', ID: id, Addrs: expected, Protocols: [] }])
  }
})

test('stock peers: a stock server is no record node, and content is held and found beside it', async () => {
  const network = await createNetwork({ nodes: 3 })
  const [a, b, c] = network.nodes
  if (!a || !b || !c) throw new Error('nodes')
  const stocks = await Promise.all(Array.from({ length: 5 }, () => startStock(a)))
  await waitFor(() => stocks.every((stock) => stock.getPeers().length >= 1), 10_000, 'they are connected')
  const { key } = await b.peer.content.hold(new TextEncoder().encode('beside strangers'))
  expect((await c.peer.content.get(key)).from).toBe(b.peer.id)
  expect(c.peer.status().counts.servers).toBe(2)
})
