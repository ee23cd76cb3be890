/** Opens the best way to a peer that there is now. */

import type { Connection, Libp2p, PeerId } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { MayflyError } from '../../errors.ts'
import { connectionKind, parseMultiaddr, withPeerId } from '../../network/index.ts'
import type { DirectWays } from './direct-ways.ts'
import type { EndToEnd } from './end-to-end.ts'
import { openRelayStream } from './relay-client.ts'
import type { RelayRequest } from './relay-wire.ts'
import { createStreamWay } from './stream-way.ts'
import { PEOPLE_PROTOCOL, type Trunks } from './trunks.ts'
import type { OpenWayOptions, Way, WayTarget } from './types.ts'

export interface WayOpenerContext {
  libp2p: Libp2p
  role: 'node' | 'tab'
  /** This peer's home, while it has one; a node has none. */
  home(): PeerId | undefined
  endToEnd: EndToEnd
  trunks: Trunks
  directWays: Pick<DirectWays, 'has' | 'use'>
}

export function createWayOpener({ libp2p, role, home, endToEnd, trunks, directWays }: WayOpenerContext) {
  const self = libp2p.peerId.toString()

  const connectionTo = (peer: string, kind: 'socket' | 'direct'): Connection | undefined =>
    libp2p.getConnections(peerIdFromString(peer)).find((each) => each.status === 'open' && connectionKind(each) === kind)

  async function openOver(
    connection: Connection,
    kind: 'socket' | 'direct',
    target: WayTarget,
    protocol: string,
    signal: AbortSignal,
  ): Promise<Way> {
    const stream = await connection.newStream(protocol, { signal })
    const release = kind === 'direct' ? directWays.use(target.peer) : undefined
    return createStreamWay(stream, { peer: target.peer, kind, direction: 'outbound', protocol }, release)
  }

  /** The connection of a node to the peer's home, or of a tab to its own. */
  async function homeFor(target: WayTarget, signal: AbortSignal): Promise<Connection> {
    const own = role === 'node' ? target.home : home()?.toString()
    if (own === undefined) throw new MayflyError('ERR_NO_NETWORK', 'No way to anybody: this peer has no home now')
    const open = connectionTo(own, 'socket')
    if (open !== undefined) return open
    if (role === 'tab') throw new MayflyError('ERR_NO_NETWORK', 'No way to anybody: the home is not connected')
    return dialNode(target.home, target.addresses, signal)
  }

  async function dialNode(node: string, addresses: readonly string[], signal: AbortSignal): Promise<Connection> {
    const told = addresses.flatMap((text) => parseMultiaddr(text) ?? []).map((address) => withPeerId(address, node))
    const connection = await (told.length > 0 ? libp2p.dial(told, { signal }) : libp2p.dial(peerIdFromString(node), { signal }))
    if (connection.remotePeer.toString() !== node) throw new Error('somebody else answers at that address')
    return connection
  }

  async function openRelayed(target: WayTarget, protocol: string, signal: AbortSignal): Promise<Way> {
    const { peer, addresses } = target
    const request: RelayRequest =
      role === 'node'
        ? { type: 'forward', protocol, peer, from: self }
        : { type: 'connect', protocol, peer, home: target.home, addresses: addresses.flatMap((text) => parseMultiaddr(text) ?? []) }
    const secure = async (wanted: AbortSignal) => {
      const stream = await openRelayStream(await homeFor(target, wanted), request, wanted)
      return endToEnd.secureOutbound(stream, peer, protocol, wanted)
    }
    const stream = protocol === PEOPLE_PROTOCOL ? await trunks.open(peer, secure, signal) : (await secure(signal)).connection
    return createStreamWay(stream, { peer, kind: 'relayed', direction: 'outbound', protocol })
  }

  /** The ways that may lead there, the best first. */
  async function openBest(target: WayTarget, protocol: string, prefer: OpenWayOptions['prefer'], signal: AbortSignal): Promise<Way> {
    const { peer, addresses } = target
    if (prefer !== 'socket' && directWays.has(peer)) {
      const connection = connectionTo(peer, 'direct')
      if (connection !== undefined) {
        const way = await openOver(connection, 'direct', target, protocol, signal).catch(() => undefined)
        if (way !== undefined) return way
      }
    }
    signal.throwIfAborted()
    const socket =
      connectionTo(peer, 'socket') ?? (role === 'node' && peer === target.home ? await dialNode(peer, addresses, signal) : undefined)
    return socket === undefined ? openRelayed(target, protocol, signal) : openOver(socket, 'socket', target, protocol, signal)
  }

  return openBest
}
