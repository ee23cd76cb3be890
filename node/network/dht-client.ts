/**
 * The DHT client of a tab. It knows the servers that the tab is connected to, and asks them for others with kad-dht's own FIND_NODE: for the
 * servers nearest to itself, so that it knows more than its home, and for a peer whose addresses libp2p does not know. A tab needs no more of
 * kad-dht, which would be a quarter of the library in a page: it answers nobody and keeps no records, and its home walks for it.
 *
 * @see https://github.com/libp2p/specs/blob/master/kad-dht/README.md (RPC messages)
 */

import { type Connection, NotFoundError, type PeerId, type PeerInfo, peerRoutingSymbol } from '@libp2p/interface'
import { peerIdFromMultihash } from '@libp2p/peer-id'
import { lpStream } from '@libp2p/utils'
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import { TypedEventEmitter } from 'main-event'
import { decode as decodeDigest } from 'multiformats/hashes/digest'
import { timeoutSignal } from '../async/abort.ts'
import { sha256 } from '../keys/index.ts'
import type { AbortOptions } from '../types.ts'
import { connectionKind } from './connection-kind.ts'
import { type DhtComponents, type DhtPart, KAD_PROTOCOL } from './dht.ts'
import { decodeCloserPeers, encodeFindNode } from './dht-message.ts'
import type { KadTable } from './routing-table.ts'
import { compareDistance } from './server-table.ts'

export const DHT_CLIENT_DEFAULTS = {
  /** Servers that a tab is connected to before it looks for no more. */
  maxServers: 4,
  /** Between two looks for servers nearer to this tab, in ms. */
  everyMs: 600_000,
  /** How long a server may take to answer, or to be dialled, in ms. */
  askMs: 3_000,
}

/** Peers in one answer: kad-dht tells of 20. */
const MAX_TOLD = 20
const MAX_ANSWER_BYTES = 65_536

export function createDhtClient({ peerId, connectionManager }: DhtComponents, options: Partial<typeof DHT_CLIENT_DEFAULTS> = {}): DhtPart {
  const { maxServers, everyMs, askMs } = { ...DHT_CLIENT_DEFAULTS, ...options }
  /** Connected servers by peer id. Bounded by the connections: a peer that disconnects is removed. */
  const servers = new Map<string, PeerId>()
  const events = new TypedEventEmitter<{ 'peer:add': CustomEvent<PeerId>; 'peer:remove': CustomEvent<PeerId> }>()
  let stopped: AbortController | undefined
  let timer: ReturnType<typeof setInterval> | undefined
  let isLooking = false
  let isChanged = false

  const table: KadTable = {
    async add(peer) {
      const id = peer.toString()
      if (servers.has(id)) return
      servers.set(id, peer)
      events.safeDispatchEvent('peer:add', { detail: peer })
      void lookUpSelf()
    },
    async remove(peer) {
      if (servers.delete(peer.toString())) events.safeDispatchEvent('peer:remove', { detail: peer })
    },
    find: async (peer) => servers.get(peer.toString()),
    addEventListener: (type, listener) => events.addEventListener(type, listener),
  }

  const socketTo = (peer: PeerId): Connection | undefined =>
    connectionManager.getConnections(peer).find((connection) => connectionKind(connection) === 'socket')

  /** The peers nearest to `target` that the server tells of; none when it does not answer. */
  async function ask(server: PeerId, target: Uint8Array, signal: AbortSignal): Promise<PeerInfo[]> {
    const inTime = AbortSignal.any([signal, timeoutSignal(askMs)])
    const stream = await socketTo(server)
      ?.newStream(KAD_PROTOCOL, { signal: inTime })
      .catch(() => undefined)
    if (stream === undefined) return []
    try {
      const messages = lpStream(stream, { maxDataLength: MAX_ANSWER_BYTES })
      await messages.write(encodeFindNode(target), { signal: inTime })
      const answer = await messages.read({ signal: inTime })
      return decodeCloserPeers(answer.subarray(), MAX_TOLD).flatMap(readPeer)
    } catch {
      return []
    } finally {
      stream.close({ signal: timeoutSignal(askMs) }).catch((error: Error) => stream.abort(error))
    }
  }

  /** Connects to the servers nearest to this tab that its servers know, until it has enough. Each new one is asked in turn. */
  async function lookUpSelf(): Promise<void> {
    isChanged = true
    if (isLooking || stopped === undefined) return
    isLooking = true
    const { signal } = stopped
    try {
      while (isChanged && !signal.aborted) {
        isChanged = false
        if (servers.size >= maxServers) return
        const own = peerId.toMultihash().bytes
        const told = (await Promise.all([...servers.values()].map((server) => ask(server, own, signal)))).flat()
        for (const { id, multiaddrs } of await nearestFirst(own, told)) {
          if (signal.aborted || servers.size >= maxServers) return
          if (id.equals(peerId) || multiaddrs.length === 0 || connectionManager.getConnections(id).length > 0) continue
          // An address that cannot be dialled, for instance ws:// from an https page, is passed over.
          await connectionManager.openConnection(multiaddrs, { signal: AbortSignal.any([signal, timeoutSignal(askMs)]) }).catch(() => {})
        }
      }
    } finally {
      isLooking = false
    }
  }

  return {
    service: {
      start() {
        stopped ??= new AbortController()
        timer ??= setInterval(() => void lookUpSelf(), everyMs)
      },
      stop() {
        clearInterval(timer)
        timer = undefined
        stopped?.abort(new Error('the peer was stopped'))
        stopped = undefined
      },
      /** libp2p asks here for the addresses of a peer. */
      [peerRoutingSymbol]: {
        async findPeer(peer: PeerId, { signal = timeoutSignal(askMs) }: AbortOptions = {}): Promise<PeerInfo> {
          for (const server of servers.values()) {
            const found = (await ask(server, peer.toMultihash().bytes, signal)).find(({ id }) => id.equals(peer))
            if (found !== undefined && found.multiaddrs.length > 0) return found
          }
          throw new NotFoundError(`No server knows the addresses of ${peer}`)
        },
        async *getClosestPeers() {},
      },
    },
    table,
    // A tab's home walks for it.
    walker: { async *getClosestPeers() {} },
  }
}

/** Each once. */
async function nearestFirst(target: Uint8Array, told: readonly PeerInfo[]): Promise<PeerInfo[]> {
  const position = await sha256(target)
  const byId = new Map(told.map((peer) => [peer.id.toString(), peer]))
  const placed = await Promise.all([...byId.values()].map(async (peer) => ({ peer, position: await sha256(peer.id.toMultihash().bytes) })))
  return placed.sort((a, b) => compareDistance(position, a.position, b.position)).map(({ peer }) => peer)
}

/** None for a peer that cannot be read; addresses that cannot be read are left out. */
function readPeer({ id, multiaddrs }: { id: Uint8Array; multiaddrs: Uint8Array[] }): PeerInfo[] {
  try {
    return [{ id: peerIdFromMultihash(decodeDigest(id)), multiaddrs: multiaddrs.flatMap(readAddress) }]
  } catch {
    return []
  }
}

function readAddress(bytes: Uint8Array): Multiaddr[] {
  try {
    return [multiaddr(bytes)]
  } catch {
    return []
  }
}
