/** A node as a relay, with stock libp2p peers for its tabs: permissions and limits of circuits. */

import { createServer } from 'node:http'
import { noise } from '@chainsafe/libp2p-noise'
import { circuitRelayTransport } from '@libp2p/circuit-relay-v2'
import { identify } from '@libp2p/identify'
import type { Connection, Libp2p, Transport } from '@libp2p/interface'
import { webSockets } from '@libp2p/websockets'
import { yamux } from '@libp2p/yamux'
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { expect, onTestFinished, test } from 'vitest'
import { createRelay, RELAY_LIMITS, type Relay } from '../../node/network/relay.ts'
import type { Reservations } from '../../node/network/reservation-keeper.ts'
import { createWebSocketListener } from '../../node/server/port/listener.ts'
import { waitFor } from '../helpers/wait-for.ts'

const SINK = '/mayfly-test/sink/1.0.0'

interface RelayNode {
  relay: Relay
  libp2p: Libp2p
  address: Multiaddr
  /** Peer ids of the tabs that have this node as their home. */
  tabs: Set<string>
}

const COMMON = {
  connectionEncrypters: [noise()],
  streamMuxers: [yamux()],
}

async function startRelay(limits: Partial<Record<keyof typeof RELAY_LIMITS, number>> = {}): Promise<RelayNode> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  const listener = createWebSocketListener(server)
  const tabs = new Set<string>()
  const relay = createRelay((peer) => tabs.has(peer), { ...RELAY_LIMITS, ...limits })
  const libp2p: Libp2p = await createLibp2p({
    ...COMMON,
    addresses: { listen: listener.listen },
    transports: [listener.transport],
    connectionGater: relay.gater,
    services: { identify: identify(), relay: relay.service },
  })
  relay.attach(libp2p)
  onTestFinished(async () => {
    await libp2p.stop()
    server.closeAllConnections()
    server.close()
  })
  return { relay, libp2p, address: multiaddr(`/ip4/127.0.0.1/tcp/${port}/ws/p2p/${libp2p.peerId}`), tabs }
}

interface Client {
  libp2p: Libp2p
  id: string
  reserve(): Promise<unknown>
  /** Bytes that came to it over circuits. */
  received: number
}

/** Connected to the node. */
async function startClient({ address }: RelayNode): Promise<Client> {
  let reservations: Reservations | undefined
  const libp2p = await createLibp2p({
    ...COMMON,
    transports: [
      webSockets(),
      (components) => {
        const transport = circuitRelayTransport()(components) as Transport & { reservationStore: Reservations }
        reservations = transport.reservationStore
        return transport
      },
    ],
    services: { identify: identify() },
  })
  onTestFinished(() => libp2p.stop())
  const { remotePeer } = await libp2p.dial(address)
  const client: Client = {
    libp2p,
    id: libp2p.peerId.toString(),
    reserve: async () => reservations?.addRelay(remotePeer, 'configured'),
    received: 0,
  }
  await libp2p.handle(
    SINK,
    (stream) => {
      stream.addEventListener('message', ({ data }) => {
        client.received += data.byteLength
      })
    },
    { runOnLimitedConnection: true },
  )
  return client
}

const through = ({ address }: RelayNode, { id }: Client) => multiaddr(`${address}/p2p-circuit/p2p/${id}`)

/** Sends until the connection ends. */
async function flood(connection: Connection, bytes: number): Promise<void> {
  const stream = await connection.newStream(SINK, { runOnLimitedConnection: true })
  for (let sent = 0; sent < bytes && stream.status === 'open'; sent += 4_096) {
    if (!stream.send(new Uint8Array(4_096))) await new Promise((resolve) => setImmediate(resolve))
  }
}

test('relay: reserves for its own tabs and for nobody else', async () => {
  const node = await startRelay()
  const [tab, stranger] = [await startClient(node), await startClient(node)]
  node.tabs.add(tab.id)
  await expect(stranger.reserve()).rejects.toThrow()
  await tab.reserve()
  expect(node.relay.counts).toEqual({ reservations: 1, circuits: 0 })
  await expect(tab.libp2p.dial(through(node, stranger))).rejects.toThrow()
  expect((await stranger.libp2p.dial(through(node, tab))).limits).toBeDefined()
  expect(node.relay.counts).toEqual({ reservations: 1, circuits: 1 })
})

test('relay: a peer that is no longer its tab cannot be reached, though it is still connected', async () => {
  const node = await startRelay()
  const [tab, other] = [await startClient(node), await startClient(node)]
  node.tabs.add(tab.id)
  await tab.reserve()
  node.tabs.delete(tab.id)
  await expect(other.libp2p.dial(through(node, tab))).rejects.toThrow()
  expect(node.relay.counts.circuits).toBe(0)
})

test('relay: a reservation goes with its tab, and the next one is not ended by the timer of the first', async () => {
  const node = await startRelay({ reservationMs: 3_000 })
  const tab = await startClient(node)
  node.tabs.add(tab.id)
  await tab.reserve()
  await tab.libp2p.hangUp(node.libp2p.peerId)
  await waitFor(() => node.relay.counts.reservations === 0, 5_000, 'the reservation is gone')
  await tab.libp2p.dial(node.address)
  const firstEndsAtMs = performance.now() + 3_000
  await waitFor(() => performance.now() > firstEndsAtMs - 500, 5_000, 'most of the first one’s time')
  await tab.reserve()
  await waitFor(() => performance.now() > firstEndsAtMs + 200, 5_000, 'the end of the first one’s time')
  expect(node.relay.counts.reservations).toBe(1)
})

test('relay: maxCircuitBytes is what a circuit carries, and then it ends', async () => {
  const node = await startRelay({ maxCircuitBytes: 65_536 })
  const [tab, other] = [await startClient(node), await startClient(node)]
  node.tabs.add(tab.id)
  await tab.reserve()
  const connection = await other.libp2p.dial(through(node, tab))
  await flood(connection, 1_048_576).catch(() => {})
  await waitFor(() => connection.status !== 'open', 10_000, 'the circuit has ended')
  expect(tab.received).toBeLessThan(65_536)
})

test('relay: maxCircuitMs is how long a circuit lasts', async () => {
  const node = await startRelay({ maxCircuitMs: 300 })
  const [tab, other] = [await startClient(node), await startClient(node)]
  node.tabs.add(tab.id)
  await tab.reserve()
  const connection = await other.libp2p.dial(through(node, tab))
  await waitFor(() => connection.status !== 'open', 10_000, 'the circuit has ended')
})

test('relay: maxReservations bounds the tabs that can be reached', async () => {
  const node = await startRelay({ maxReservations: 1 })
  const [one, two] = [await startClient(node), await startClient(node)]
  for (const { id } of [one, two]) node.tabs.add(id)
  await one.reserve()
  await expect(two.reserve()).rejects.toThrow()
  expect(node.relay.counts.reservations).toBe(1)
})

test('relay: maxCircuitsFrom bounds the circuits of one peer', async () => {
  const node = await startRelay({ maxCircuitsFrom: 2 })
  const tabs = await Promise.all([1, 2, 3].map(() => startClient(node)))
  for (const tab of tabs) {
    node.tabs.add(tab.id)
    await tab.reserve()
  }
  const dialler = await startClient(node)
  const dials = await Promise.allSettled(tabs.map((tab) => dialler.libp2p.dial(through(node, tab))))
  expect(dials.filter(({ status }) => status === 'fulfilled')).toHaveLength(2)
})
