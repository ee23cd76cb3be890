/**
 * The DHT servers that this peer knows, as kad-dht's routing table has them, kept honest: a peer that disconnects leaves the table at
 * once (two silent peers of twelve make each lookup 3 to 6 s), and connected servers that kad-dht has lost are offered to it again.
 * Only peers that name the presence protocol in identify count: a stock kad-dht server takes part in kad-dht's walks, not in this. The
 * peer store cannot tell: libp2p adds to it each protocol on which a peer has opened a stream, and a tab opens streams to DHT servers.
 * So the table holds servers that are connected now, up to 20 for each of 64 prefixes: a network of some hundred nodes is known whole.
 */

import type { AbortOptions as Abort, Connection, IdentifyResult, Libp2p, PeerId } from '@libp2p/interface'
import { timeoutSignal } from '../async/abort.ts'
import { createEmitter } from '../async/emitter.ts'
import { sha256 } from '../keys/index.ts'
import type { AbortOptions } from '../types.ts'
import { connectionKind } from './connection-kind.ts'
import { createServerTable } from './server-table.ts'

/** The part of kad-dht's own table that is used. */
export interface KadTable {
  add(peer: PeerId, options?: Abort): Promise<void>
  remove(peer: PeerId, options?: Abort): Promise<void>
  find(peer: PeerId, options?: Abort): Promise<PeerId | undefined>
  addEventListener(type: 'peer:add' | 'peer:remove', listener: (event: CustomEvent<PeerId>) => void): void
}

/** The part of kad-dht itself that is used. */
export interface KadWalker {
  getClosestPeers(key: Uint8Array, options?: Abort): AsyncIterable<{ name: string; peer?: unknown }>
}

/** A walk ends after this long with what it has found; a find asks everybody it knows next. */
const WALK_MS = 3_000
/** How often connected servers are compared with the table, and connections whose peer has not said what it speaks are asked again. */
const WATCHDOG_MS = 5_000 // as long as identify waits for an answer, which libp2p does not ask for again
/** Connections that are asked again at once. */
const MAX_ASKED_AGAIN = 8

export type RoutingTable = ReturnType<typeof createRoutingTable>

/**
 * @param serverProtocols protocols that a server names in identify
 * @param askAgain runs identify on a connection once more
 */
export function createRoutingTable(
  libp2p: Libp2p,
  table: KadTable,
  dht: KadWalker,
  serverProtocols: string[],
  askAgain: (connection: Connection) => Promise<unknown> = async () => {},
) {
  const servers = createServerTable<PeerId>()
  const identifiedServers = createEmitter<PeerId>()
  let watchdog: ReturnType<typeof setInterval> | undefined

  const positionOfPeer = (peer: PeerId) => sha256(peer.toMultihash().bytes)

  /** Connected peers that speak the servers' protocols, by their own word. Bounded by the connections. */
  const identified = new Map<string, PeerId>()
  /** Connections that were seen by the watchdog: true once their peer has said what it speaks. */
  const heard = new WeakMap<Connection, boolean>()
  /** Peers in kad-dht's table, servers in our sense or not. Bounded by that table. */
  const inTable = new Map<string, PeerId>()

  async function admit(peer: PeerId): Promise<void> {
    const id = peer.toString()
    const position = await positionOfPeer(peer)
    if (inTable.has(id) && identified.has(id)) servers.add(peer, position)
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
    servers.remove(peer.toString())
  })
  const onIdentify = ({ detail: { peerId: peer, protocols, connection } }: CustomEvent<IdentifyResult>) => {
    const id = peer.toString()
    heard.set(connection, true)
    if (!isTabOnly(peer) && serverProtocols.every((protocol) => protocols.includes(protocol))) {
      identified.set(id, peer)
      identifiedServers.emit(peer)
      if (inTable.has(id)) void admit(peer)
      else offer(peer)
    } else {
      identified.delete(id)
      servers.remove(id)
    }
  }
  /**
   * kad-dht may take a peer and say nothing: when its time runs out between the two (16.4.5, on a busy machine). From then on it has that peer,
   * and the server would stay unknown here for as long as it is connected.
   */
  async function offerTo(peer: PeerId): Promise<void> {
    await table.add(peer, { signal: timeoutSignal(WATCHDOG_MS) })
    const id = peer.toString()
    if (inTable.has(id) || (await table.find(peer)) === undefined || !identified.has(id)) return
    inTable.set(id, peer)
    await admit(peer)
  }
  const offer = (peer: PeerId) => void offerTo(peer).catch(() => {})

  const onDisconnect = ({ detail: peer }: CustomEvent<PeerId>) => {
    // It may fire twice, and another connection to the same peer may still be open.
    if (libp2p.getConnections(peer).length > 0) return
    identified.delete(peer.toString())
    servers.remove(peer.toString())
    table.remove(peer).catch(() => {})
  }

  function offerConnected(): void {
    for (const [id, peer] of identified) if (!inTable.has(id)) offer(peer)
  }

  /** On a busy machine identify runs out of time, and a server would stay unknown for as long as it is connected. */
  function askUnheard(): void {
    let asked = 0
    for (const connection of libp2p.getConnections()) {
      const isHeard = heard.get(connection)
      if (isHeard || connectionKind(connection) !== 'socket') continue
      if (isHeard === undefined) heard.set(connection, false)
      else if (++asked <= MAX_ASKED_AGAIN) askAgain(connection).catch(() => {})
    }
  }

  return {
    /** Servers, this peer not among them. */
    get size() {
      return servers.size
    },
    has: servers.has,
    closest: servers.closest,
    placed: servers.placed,
    positionOfSelf: servers.positionOfSelf,
    quietMs: servers.quietMs,
    wholeMs: servers.wholeMs,
    onChange: servers.onChange,
    /** True for a server that is connected and has said what it speaks; kad-dht may not have it in its table yet. */
    isIdentified: (peer: PeerId) => identified.has(peer.toString()),
    /** Hears of each server that has connected and said what it speaks. Returns the function that ends it. */
    onIdentify: identifiedServers.on,
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
    async start() {
      servers.placeSelf(await positionOfPeer(libp2p.peerId))
      libp2p.addEventListener('peer:identify', onIdentify)
      libp2p.addEventListener('peer:disconnect', onDisconnect)
      watchdog ??= setInterval(() => {
        offerConnected()
        askUnheard()
      }, WATCHDOG_MS)
    },
    stop() {
      libp2p.removeEventListener('peer:identify', onIdentify)
      libp2p.removeEventListener('peer:disconnect', onDisconnect)
      clearInterval(watchdog)
      watchdog = undefined
      servers.stop()
    },
  }
}
