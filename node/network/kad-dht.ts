/** kad-dht as a node has it: a server of the DHT, with our record store as its provider store. Each setting that works around something names it. */

import { type Connection, type Libp2p, type MultiaddrConnection, NotFoundError, type PeerId, type PeerStore } from '@libp2p/interface'
import { kadDHT, passthroughMapper } from '@libp2p/kad-dht'
import type { Datastore } from 'interface-datastore'
import { type DhtComponents, type DhtPart, KAD_PROTOCOL } from './dht.ts'
import { createFreshPing, type FreshPingComponents } from './fresh-ping.ts'
import { mergeWithoutKeepAlive, type TaggingStore } from './keep-alive.ts'
import { overlaid } from './overlaid.ts'
import type { KadTable } from './routing-table.ts'
import { BUCKET_BITS, BUCKET_SIZE } from './server-table.ts'
import { spareWork } from './spare-work.ts'

const NO_ADDRESS = new NotFoundError('Nobody can dial a tab')

type KadComponents = Parameters<ReturnType<typeof kadDHT>>[0]

/**
 * @param providerStore only kad-dht sees it, as its `datastore`
 * @param isTab true for a tab whose home is here
 */
export function createKadDht(components: DhtComponents, providerStore: Datastore, isTab: (peer: string) => boolean = () => false): DhtPart {
  let mayDial = (_peer: PeerId) => true
  const ownRecord = spareWork(components, isTab) // here, since a tab has no kad-dht, and a page's library none of this
  const { connectionManager } = components as unknown as { connectionManager: ConnectionLists & StreamOpener }
  countConnections(connectionManager, components as unknown as ConnectionEvents)
  listConnectionsOnce(connectionManager)
  const ping = createFreshPing(components as unknown as FreshPingComponents)
  function checkDial(peer: PeerId): void {
    if (connectionManager.getConnections(peer).length === 0 && !mayDial(peer))
      throw new Error('A server of another group, which is not connected')
  }
  const { peerStore } = components as unknown as { peerStore: TaggingStore<object> & Pick<PeerStore, 'get'> }
  const own = {
    datastore: providerStore,
    peerStore: overlaid(peerStore, {
      merge: mergeWithoutKeepAlive(peerStore),
      // Each tab that joins asks for the servers nearest to itself, and is looked for: it has no address.
      async get(peer, options) {
        if (isTab(peer.toString())) throw NO_ADDRESS
        return peerStore.get(peer, options)
      },
    }),
    connectionManager: overlaid(connectionManager, {
      async openStream(peer, ...rest) {
        checkDial(peer)
        return connectionManager.openStream(peer, ...rest)
      },
    }),
    ping: {
      async ping(...asked: Parameters<typeof ping.ping>) {
        checkDial(asked[0])
        return ping.ping(...asked)
      },
    },
  }
  const dht = kadDHT({
    protocol: KAD_PROTOCOL,
    clientMode: false,
    peerInfoMapper: passthroughMapper, // the default drops private addresses: on one machine nobody would ever be found
    // Our own servers tell a newcomer of each other (server-records.ts); a walk at the same moment has both ends of each pair dial.
    initialQuerySelfInterval: 3_000,
    allowQueryWithZeroPeers: true, // else every walk waits for that one
    // Servers name others to each other all the time (server-news.ts, groups/mates.ts). A walk to oneself every 30 s was two thirds of what an idle
    // node of eight sent, and more of larger networks (measured 2026-11): its answers name twenty servers each. This is kad-dht's own default: one
    // that joins by a stock kad-dht server alone knows where its records belong after the second walk.
    querySelfInterval: 300_000,
    kBucketSize: BUCKET_SIZE,
    prefixLength: BUCKET_BITS,
    alpha: 3,
    disjointPaths: 3,
    networkDialTimeout: { minTimeout: 500, maxTimeout: 3_000 },
    datastorePrefix: '/dht',
  })(overlaid(components as unknown as KadComponents, own as unknown as Partial<KadComponents>))
  return {
    service: dht,
    walker: dht as DhtPart['walker'],
    table: (dht as unknown as { routingTable: KadTable }).routingTable,
    limitDials: (isOfUse) => {
      mayDial = isOfUse
    },
    ownRecord,
  }
}

interface StreamOpener {
  openStream(peer: PeerId, ...rest: unknown[]): Promise<unknown>
}

/** The parts of libp2p's connection manager that are replaced below. */
interface ConnectionLists {
  getConnections(peer?: PeerId): Connection[]
  getConnectionsMap(): { values(): Iterable<Connection[]> }
  getMaxConnections(): number
  acceptIncomingConnection(socket: MultiaddrConnection): boolean
  connectionPruner: { _maybePruneConnections(): Promise<void> }
}

interface ConnectionEvents {
  events: Pick<Libp2p, 'addEventListener'>
}

/**
 * libp2p lists all connections twice for each that comes, to see how many there are. Here they are counted by the events by which its list grows
 * and shrinks, and listed where there are too many. In libp2p 3.3, `acceptIncomingConnection` reads no more of the list than its length.
 */
export function countConnections(manager: ConnectionLists, { events }: ConnectionEvents): void {
  /** Bounded by the connections. */
  const open = new Set<Connection>()
  events.addEventListener('connection:open', ({ detail: connection }) => void (connection.status === 'open' && open.add(connection)))
  events.addEventListener('connection:close', ({ detail: connection }) => void open.delete(connection))
  const { connectionPruner: pruner } = manager
  const prune = pruner._maybePruneConnections.bind(pruner)
  pruner._maybePruneConnections = async () => {
    if (open.size > manager.getMaxConnections()) await prune()
  }
  const accept = manager.acceptIncomingConnection.bind(manager)
  manager.acceptIncomingConnection = (socket) => {
    if (open.size >= manager.getMaxConnections()) return accept(socket)
    const { getConnections } = manager
    manager.getConnections = () => [] // fewer than may be
    try {
      return accept(socket)
    } finally {
      manager.getConnections = getConnections
    }
  }
}

/**
 * libp2p makes its list of connections by copying what it has so far once for each peer, twice for each that joins: 57 ms at 8,000 of
 * them, 11 at 4,000 (measured 2026-11, libp2p 3.3.11). This makes it in one go: 0.2 ms.
 */
function listConnectionsOnce(manager: ConnectionLists): void {
  const ofPeer = manager.getConnections.bind(manager)
  manager.getConnections = (peer) => {
    if (peer !== undefined) return ofPeer(peer)
    const all: Connection[] = []
    // Half of the time of `flat`.
    for (const connections of manager.getConnectionsMap().values()) for (const connection of connections) all.push(connection)
    return all
  }
}
