/**
 * The DHT servers that this peer knows, as kad-dht's routing table has them, kept honest: a peer that disconnects leaves the table at
 * once (two silent peers of twelve make each lookup 3 to 6 s), and connected servers that kad-dht has lost are offered to it again.
 * Only peers that name the presence protocol in identify count: a stock kad-dht server takes part in kad-dht's walks, not in this. The
 * peer store cannot tell: libp2p adds to it each protocol on which a peer has opened a stream, and a tab opens streams to DHT servers.
 * So the table holds servers that are connected now, up to 20 for each of 64 prefixes: a network of some hundred nodes is known whole.
 */

import type { AbortOptions as Abort, IdentifyResult, Libp2p, PeerId } from '@libp2p/interface'
import { timeoutSignal } from '../async/abort.ts'
import { createEmitter } from '../async/emitter.ts'
import { sha256 } from '../keys/index.ts'
import type { AbortOptions } from '../types.ts'
import { connectionKind } from './connection-kind.ts'

/** The part of kad-dht's own table that is used. */
export interface KadTable {
  add(peer: PeerId, options?: Abort): Promise<void>
  remove(peer: PeerId, options?: Abort): Promise<void>
  addEventListener(type: 'peer:add' | 'peer:remove', listener: (event: CustomEvent<PeerId>) => void): void
}

/** The part of kad-dht itself that is used. */
export interface KadWalker {
  getClosestPeers(key: Uint8Array, options?: Abort): AsyncIterable<{ name: string; peer?: unknown }>
}

/** A bucket splits when it is full until its prefix is this long; only then is a server left out. Handed to kad-dht too. */
export const BUCKET_BITS = 6
export const BUCKET_SIZE = 20
/** Changes within this time are one event. */
const SETTLE_MS = 50
/** A table that has changed within this time is still being filled: a node that has just joined knows few of its neighbours. */
const FILLING_MS = 5_000
/** A walk ends after this long with what it has found; a find asks everybody it knows next. */
const WALK_MS = 3_000
/** How often connected servers are compared with the table. */
const WATCHDOG_MS = 5_000

interface Server {
  peer: PeerId
  position: Uint8Array
}

/** Below zero when `a` is nearer to the position than `b`, by XOR. */
export function compareDistance(position: Uint8Array, a: Uint8Array, b: Uint8Array): number {
  for (let i = 0; i < position.byteLength; i++) {
    const p = position[i] ?? 0
    const difference = (p ^ (a[i] ?? 0)) - (p ^ (b[i] ?? 0))
    if (difference !== 0) return difference
  }
  return 0
}

export type RoutingTable = ReturnType<typeof createRoutingTable>

/** @param serverProtocols protocols that a server names in identify */
export function createRoutingTable(libp2p: Libp2p, table: KadTable, dht: KadWalker, serverProtocols: string[]) {
  const changes = createEmitter<void>()
  /** By peer id. Bounded by kad-dht's table: 64 prefixes of 20 peers. */
  const servers = new Map<string, Server>()
  let self: Uint8Array = new Uint8Array(32)
  let changedAtMs = Number.NEGATIVE_INFINITY
  let settling: ReturnType<typeof setTimeout> | undefined
  let watchdog: ReturnType<typeof setInterval> | undefined

  const changed = () => {
    changedAtMs = performance.now()
    settling ??= setTimeout(() => {
      settling = undefined
      changes.emit()
    }, SETTLE_MS)
  }
  const positionOfPeer = (peer: PeerId) => sha256(peer.toMultihash().bytes)

  /** Connected peers that speak the servers' protocols, by their own word. Bounded by the connections. */
  const identified = new Map<string, PeerId>()
  /** Peers in kad-dht's table, servers in our sense or not. Bounded by that table. */
  const inTable = new Map<string, PeerId>()

  async function admit(peer: PeerId): Promise<void> {
    const id = peer.toString()
    const position = await positionOfPeer(peer)
    if (!inTable.has(id) || !identified.has(id) || servers.has(id)) return
    servers.set(id, { peer, position })
    changed()
  }
  function dismiss(id: string): void {
    if (servers.delete(id)) changed()
  }
  /** Another tab, connected directly: no server, even if it says so, since nobody else could reach it. */
  const isTabOnly = (peer: PeerId) => {
    const connections = libp2p.getConnections(peer)
    return connections.length > 0 && connections.every((connection) => connectionKind(connection) !== 'socket')
  }
  table.addEventListener('peer:add', ({ detail: peer }) => {
    if (isTabOnly(peer)) return void table.remove(peer).catch(() => {})
    inTable.set(peer.toString(), peer)
    void admit(peer)
  })
  table.addEventListener('peer:remove', ({ detail: peer }) => {
    inTable.delete(peer.toString())
    dismiss(peer.toString())
  })
  const onIdentify = ({ detail: { peerId: peer, protocols } }: CustomEvent<IdentifyResult>) => {
    const id = peer.toString()
    if (!isTabOnly(peer) && serverProtocols.every((protocol) => protocols.includes(protocol))) {
      identified.set(id, peer)
      if (inTable.has(id)) void admit(peer)
      else offer(peer)
    } else {
      identified.delete(id)
      dismiss(id)
    }
  }
  const offer = (peer: PeerId) => void table.add(peer, { signal: timeoutSignal(WATCHDOG_MS) }).catch(() => {})

  const onDisconnect = ({ detail: peer }: CustomEvent<PeerId>) => {
    // It may fire twice, and another connection to the same peer may still be open.
    if (libp2p.getConnections(peer).length > 0) return
    identified.delete(peer.toString())
    dismiss(peer.toString())
    table.remove(peer).catch(() => {})
  }

  function offerConnected(): void {
    for (const [id, peer] of identified) if (!inTable.has(id)) offer(peer)
  }

  return {
    /** Servers, this peer not among them. */
    get size() {
      return servers.size
    },
    /** The known servers nearest to a position of the DHT's space, nearest first, this peer not among them. */
    closest(position: Uint8Array, count: number): PeerId[] {
      return [...servers.values()]
        .sort((a, b) => compareDistance(position, a.position, b.position))
        .slice(0, count)
        .map(({ peer }) => peer)
    },
    /** True when this peer would be among the `count` nearest, were it in its own table. */
    isSelfAmongClosest(position: Uint8Array, count: number) {
      let nearer = 0
      for (const server of servers.values()) if (compareDistance(position, server.position, self) < 0) nearer++
      return nearer < count
    },
    /** True when nearer servers may exist: the table had no room for them, or is still being filled. */
    hasGapAt(position: Uint8Array) {
      if (servers.size === 0) return false // a walk needs a peer to begin with: kad-dht would wait for one
      if (performance.now() - changedAtMs < FILLING_MS) return true
      const prefix = (bytes: Uint8Array) => (bytes[0] ?? 0) >> (8 - BUCKET_BITS)
      let near = 0
      for (const server of servers.values()) if (prefix(server.position) === prefix(position)) near++
      return near >= BUCKET_SIZE
    },
    /**
     * Asks the network for the servers nearest to a multihash: a walk, costly beside `closest`. Servers that are not found in time are left out.
     *
     * @throws signal.reason, when aborted
     */
    async *walk(multihash: Uint8Array, { signal }: AbortOptions = {}): AsyncIterable<PeerId> {
      const late = timeoutSignal(WALK_MS)
      try {
        for await (const event of dht.getClosestPeers(multihash, {
          signal: signal === undefined ? late : AbortSignal.any([signal, late]),
        })) {
          if (event.name === 'FINAL_PEER') yield (event.peer as { id: PeerId }).id
        }
      } catch {
        signal?.throwIfAborted()
      }
    },
    has: (peer: PeerId) => servers.has(peer.toString()),
    /** Hears when servers came or went, once for changes that come together. Returns the function that ends it. */
    onChange: changes.on,
    async start() {
      self = await positionOfPeer(libp2p.peerId)
      libp2p.addEventListener('peer:identify', onIdentify)
      libp2p.addEventListener('peer:disconnect', onDisconnect)
      watchdog ??= setInterval(offerConnected, WATCHDOG_MS)
    },
    stop() {
      libp2p.removeEventListener('peer:identify', onIdentify)
      libp2p.removeEventListener('peer:disconnect', onDisconnect)
      clearInterval(watchdog)
      clearTimeout(settling)
      watchdog = undefined
      settling = undefined
    },
  }
}
