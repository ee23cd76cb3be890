/**
 * libp2p put together for mayfly: Noise, yamux, identify, ping and kad-dht on our own protocol prefix, over whatever transport it is
 * handed. Each setting that works around something names the measurement.
 */

import { generateKeyPair, privateKeyFromProtobuf } from '@libp2p/crypto/keys'
import { type Identify, identify } from '@libp2p/identify'
import type { ComponentLogger, Libp2p, PeerId, PeerStore, PrivateKey, Transport } from '@libp2p/interface'
import type { Datastore } from 'interface-datastore'
import { createLibp2p } from 'libp2p'
import { MayflyError } from '../errors.ts'
import type { GroupOptions } from '../groups/context.ts'
import { connectionKind } from './connection-kind.ts'
import { createCuts } from './cuts.ts'
import { type DhtComponents, type DhtPart, KAD_PROTOCOL } from './dht.ts'
import { createDhtClient } from './dht-client.ts'
import type { createDuplicateIdWatch } from './duplicate-id.ts'
import { setShortcut } from './frames.ts'
import type { createKadDht } from './kad-dht.ts'
import { type GuardedComponents, guardLengths } from './length-guard.ts'
import { frugalYamux } from './muxer.ts'
import { createNoise } from './noise.ts'
import { pageSockets } from './page-sockets.ts'
import type { createPing } from './ping.ts'
import { replaceMissingDigest } from './portable-digest.ts'
import { RecentDatastore } from './recent-datastore.ts'
import type { createRelay } from './relay.ts'
import { createRoutingTable } from './routing-table.ts'
import type { createServerRecords } from './server-records.ts'
import { abortFailedCloses } from './sound-close.ts'
import type { TransportFactory } from './types.ts'

/** The parts of a node that a tab has not; a page's library leaves them out. */
export interface NodeOverlay {
  createKadDht: typeof createKadDht
  /** kad-dht asks whether a server that it would replace is still there. */
  createPing: typeof createPing
  createRelay: typeof createRelay
  /** Missing: nobody is told of a duplicate. */
  createDuplicateIdWatch?: typeof createDuplicateIdWatch
  /** Missing: nothing is kept of servers that are not connected. */
  createServerRecords?: typeof createServerRecords
}

export interface OverlayOptions {
  /** Nodes are DHT servers, tabs DHT clients. */
  role: 'node' | 'tab'
  /** Needed for a node. */
  node?: NodeOverlay | undefined
  /** libp2p's protobuf bytes of an Ed25519 key; a new one when left out. */
  privateKey?: Uint8Array | undefined
  /** How others are dialled and, for a node, heard; @libp2p/websockets when left out, which only dials here. */
  transport?: ((components: { logger: ComponentLogger }) => Transport) | undefined
  listen?: string[] | undefined
  announce?: string[] | undefined
  /** Makes the store in which a node's kad-dht keeps provider records; the rest of libp2p never sees it. */
  createProviderStore?: ((network: { peerId: PeerId; peerStore: PeerStore }) => Datastore) | undefined
  /** When a node's network forms groups. */
  groups?: GroupOptions | undefined
  maxConnections: number
  /** The protocol that a node must speak, besides kad-dht, to be counted as a server. */
  serverProtocol: string
  /** A tab's WebRTC; without it the tab has no direct connections. */
  webRTC?: TransportFactory | undefined
  /** True for a tab whose home is here; nobody else can be reached through this node, and nobody at all when this is left out. */
  isTab?: (peer: string) => boolean
  /** Hears of each connection or stream that a guard ends. */
  onCut?: (peer: string, reason: string) => void
}

/**
 * The first window stays yamux's 256 KiB, which other peers count on and which ends the connection when it is passed; it may grow to
 * libp2p's read buffer of 4 MiB.
 */
const STREAM_WINDOW = { initialStreamWindowSize: 262_144, maxStreamWindowSize: 4_194_304 }

/**
 * Streams of one connection each way: those of a tab's people, and between two homes those of all their tabs. Opening one costs a frame that
 * carries nothing, of which frame-allowance.ts allows so many.
 */
const STREAMS = { maxInboundStreams: 4_096, maxOutboundStreams: 4_096 }

/** How many connections to nodes a tab opens by itself: its home and a few others that it could move to. Direct ones are bounded in direct.ts. */
const MAX_TAB_CONNECTIONS = 4

/** Peers whose keys, protocols and addresses libp2p remembers, about a kilobyte each: twice as many as a node may be connected to. */
const MAX_REMEMBERED_PEERS = 16_384

/** `relay` is a node's; `direct`, a tab's that was given WebRTC. */
export type Overlay = Awaited<ReturnType<typeof createOverlay>>

/** Loaded where it is used: the transport of circuits is large. */
export async function loadDirect() {
  const direct = await import('./direct.ts')
  setShortcut(direct.useWholeMessages) // of a page, whose other streams have none
  return direct
}

/** @throws {MayflyError} ERR_BAD_OPTION */
export async function createOverlay(options: OverlayOptions) {
  replaceMissingDigest()
  const privateKey = await readPrivateKey(options.privateKey)
  const isNode = options.role === 'node'
  const cuts = createCuts(options.onCut)
  const { createProviderStore } = options
  const node = isNode ? options.node : undefined
  if (isNode && (node === undefined || createProviderStore === undefined)) throw new TypeError('A node needs the parts of one')
  let dht: DhtPart | undefined
  const relay = node?.createRelay(options.isTab)
  // A tab's id is new each time.
  const duplicates = node?.createDuplicateIdWatch?.()
  const isSecurePage = globalThis.location?.protocol === 'https:'
  const webRTC = isNode ? undefined : options.webRTC
  const loaded = webRTC && (await loadDirect())
  const direct = webRTC && loaded?.createDirect({ isSecurePage, random: Math.random }, webRTC)

  const sockets = () => libp2p.getConnections().filter((connection) => connectionKind(connection) === 'socket').length
  const libp2p: Libp2p = await createLibp2p({
    start: false,
    privateKey,
    datastore: new RecentDatastore(MAX_REMEMBERED_PEERS),
    addresses: { listen: options.listen ?? [], announce: options.announce ?? [] },
    transports: [options.transport ?? pageSockets, ...(direct?.transports ?? [])],
    connectionEncrypters: [duplicates?.watch(createNoise()) ?? createNoise()],
    streamMuxers: [frugalYamux({ enableKeepAlive: false, maxMessageSize: 65_536, streamOptions: STREAM_WINDOW, ...STREAMS })],
    // The default gater of browsers refuses ws:// and private addresses, so no gateway on this machine or network could be joined.
    connectionGater: {
      denyDialMultiaddr: () => false,
      denyDialPeer: async (peer) => !isNode && !direct?.isDialling(peer) && sockets() >= MAX_TAB_CONNECTIONS,
      ...relay?.gater,
      ...direct?.gater,
    },
    connectionManager: {
      maxConnections: options.maxConnections,
      // Floods are stopped by the listener, for each address and before the handshake; these would turn away honest tabs too.
      inboundConnectionThreshold: options.maxConnections,
      maxIncomingPendingConnections: options.maxConnections,
      dialTimeout: 5_000,
      // Half of a supervisor's second try, so that a silent address leaves time for the next; a direct dial has its own, in direct.ts.
      addressDialTimeout: direct === undefined ? 5_000 : 10_000,
      reconnectRetries: 0, // the supervisor does this, and does not give up
    },
    // Liveness is the listener's pings and the presence streams' heartbeats: a twentieth of this monitor's CPU, and it aborts healthy connections.
    connectionMonitor: { enabled: false },
    services: {
      identify: identify({ runOnLimitedConnection: false }), // a circuit carries offers alone, and the peers behind it are known by it
      ...(node && { ping: node.createPing() }),
      ...(loaded && { ping: loaded.createPing() }), // asked whether a direct connection carries anything: people/way/connection-pings.ts
      dht: (components) => {
        const own = components as unknown as DhtComponents
        guardLengths(components as unknown as GuardedComponents, cuts.take)
        abortFailedCloses(components as unknown as { upgrader: unknown })
        dht =
          node && createProviderStore
            ? node.createKadDht(own, createProviderStore({ peerId: components.peerId, peerStore: components.peerStore }), options.isTab)
            : createDhtClient(own)
        return dht.service
      },
      ...(relay && { relay: relay.service }),
    },
  })
  cuts.watch(libp2p)
  relay?.attach(libp2p)
  direct?.attach(libp2p)
  const { table, walker } = dht as unknown as DhtPart // libp2p makes its services before it resolves
  const { identify: identifying } = libp2p.services as { identify: Identify }
  const servers = createRoutingTable(libp2p, table, walker, [KAD_PROTOCOL, options.serverProtocol], (connection) =>
    identifying.identify(connection),
  )
  return {
    role: options.role,
    libp2p,
    privateKey,
    servers,
    /** Of a node. */
    records: node?.createServerRecords?.({ libp2p, servers, dht, random: Math.random }, options.groups),
    direct,
    duplicates,
    get counts() {
      return { ...(relay?.counts ?? { reservations: 0, circuits: 0 }), cut: cuts.count }
    },
  }
}

async function readPrivateKey(bytes: Uint8Array | undefined): Promise<PrivateKey> {
  if (bytes === undefined) return generateKeyPair('Ed25519')
  let key: PrivateKey
  try {
    key = privateKeyFromProtobuf(bytes)
  } catch (cause) {
    throw new MayflyError('ERR_BAD_OPTION', "Cannot use the private key: expected libp2p's protobuf of Ed25519", { cause })
  }
  if (key.type !== 'Ed25519') throw new MayflyError('ERR_BAD_OPTION', `Cannot use the private key: expected Ed25519, got ${key.type}`)
  return key
}
