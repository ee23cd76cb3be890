/** A real peer whose protocols are in the test's hand: it joins and, unless told otherwise, keeps presence as every peer does. */

import { createServer } from 'node:http'
import { privateKeyToProtobuf } from '@libp2p/crypto/keys'
import type { Connection, Libp2p, PrivateKey, Stream } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import { createQuota } from '../../node/async/quota.ts'
import { NODE_LIMITS } from '../../node/limits.ts'
import {
  createAddressBook,
  createClock,
  createKadDht,
  createOverlay,
  createPing,
  createRelay,
  createServerRecords,
  createSupervisor,
  type Direct,
  majorityAhead,
  type TransportFactory,
} from '../../node/network/index.ts'
import {
  createHomeService,
  createNodePlacement,
  createPresenceServer,
  createRecordStore,
  createRendezvous,
  createServerCompany,
  hearAgain,
  PRESENCE_PROTOCOL,
  ProviderStore,
  type RendezvousService,
} from '../../node/rendezvous/index.ts'
import { createWebSocketListener } from '../../node/server/port/listener.ts'
import { type Codec, createRawStream, type RawStream } from './raw-stream.ts'

/** A protocol that the peer answers by hand, on streams that others open. */
export interface RawProtocol<T extends { type: string }> {
  protocol: string
  codec: Codec<T>
  onFrame(frame: T, stream: RawStream<T>, peer: Libp2p): void
}

export interface RawPeerOptions<T extends { type: string }> {
  role: 'tab' | 'node'
  /** Multiaddrs of nodes, or URLs of gateways. */
  join: string[]
  privateKey?: PrivateKey
  /** The protocol that the peer answers by hand. */
  serves?: RawProtocol<T>
  /** A tab's. */
  webRTC?: TransportFactory
  /** False: it holds nothing, and does not answer presence unless `serves` does. */
  keepsPresence?: boolean
  /** True: as a node does, it identifies no tab that has said hello. */
  knowsTabs?: boolean
}

export interface RawPeer {
  /** Peer id. */
  readonly id: string
  /** Multihash of the peer id, as it travels. */
  readonly multihash: Uint8Array
  readonly libp2p: Libp2p
  readonly privateKey: PrivateKey
  /** Of a tab with WebRTC. */
  readonly direct: Direct | undefined
  /** DHT servers that it knows. */
  readonly servers: { readonly size: number }
  /** Missing on a peer that keeps no presence. */
  readonly presence: RendezvousService | undefined
  /** A stream of its own to the node with this multiaddr. */
  open<Sent extends { type: string }>(address: string, protocol: string, codec: Codec<Sent>): Promise<OpenRawStream<Sent>>
  stop(): Promise<void>
}

export interface OpenRawStream<T extends { type: string }> extends RawStream<T> {
  readonly stream: Stream
  readonly connection: Connection
}

/** Not tied to a test: the caller stops it. */
export async function startRawPeer<T extends { type: string }>(options: RawPeerOptions<T>): Promise<RawPeer> {
  const { role, join, serves, keepsPresence = true } = options
  const server = createServer()
  if (role === 'node') await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const listener = role === 'node' ? createWebSocketListener(server) : undefined
  const store = createRecordStore(NODE_LIMITS, Date.now, Math.random)
  const tabs = createQuota()
  const overlay = await createOverlay({
    role,
    node: role === 'node' ? { createKadDht, createPing, createRelay, createServerRecords } : undefined,
    ...(options.privateKey && { privateKey: privateKeyToProtobuf(options.privateKey) }),
    transport: listener?.transport,
    listen: listener?.listen,
    createProviderStore: (network) => new ProviderStore({ ...network, store, addressesOf: () => [], now: Date.now }),
    maxConnections: 1_000,
    serverProtocol: PRESENCE_PROTOCOL,
    ...(options.knowsTabs && { isTab: (peer) => tabs.of(peer) > 0 }),
    webRTC: options.webRTC,
  })
  const { libp2p, privateKey, servers, direct } = overlay
  const emit = () => {}
  const supervisor = createSupervisor({ libp2p, servers, role, emit, random: Math.random })
  const presence = keepsPresence
    ? createRendezvous(
        {
          overlay,
          supervisor,
          store,
          addresses: createAddressBook(),
          tabs,
          emit,
          clock: createClock({}, {}, majorityAhead),
          random: Math.random,
        },
        NODE_LIMITS,
        {},
        role === 'tab'
          ? undefined
          : {
              createServer: (host, tabs, served, terms) =>
                createPresenceServer(host, tabs, { ...served, giveNow: () => true, store }, terms),
              createPlacement: createNodePlacement,
              createHomeService,
              createServerCompany,
              hearAgain,
            },
      )
    : undefined
  presence?.onHome((home) => direct?.setHome(home))
  if (serves !== undefined) {
    const serve = (stream: Stream) => void createRawStream(stream, serves.codec, (frame, raw) => serves.onFrame(frame, raw, libp2p))
    await libp2p.handle(serves.protocol, serve)
  }
  await servers.start()
  await presence?.start()
  await libp2p.start()
  supervisor.join(join)
  supervisor.start()

  async function end(): Promise<void> {
    supervisor.stop()
    await presence?.stop()
    servers.stop()
    direct?.stop()
    await libp2p.stop()
    server.closeAllConnections()
    server.close()
  }
  let stopping: Promise<void> | undefined
  return {
    id: libp2p.peerId.toString(),
    multihash: libp2p.peerId.toMultihash().bytes,
    libp2p,
    privateKey,
    servers,
    direct,
    presence,
    async open(address, protocol, codec) {
      const connection = await libp2p.dial(multiaddr(address))
      const stream = await connection.newStream(protocol)
      return Object.assign(createRawStream(stream, codec), { stream, connection })
    },
    stop: () => (stopping ??= end()),
  }
}
