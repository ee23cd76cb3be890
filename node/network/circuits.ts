/** Circuits to other tabs, through their homes: each carries the offers of one direct connection, and is closed once nobody uses it. */

import type { Libp2p, PeerId } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import { connectionKind } from './connection-kind.ts'
import { relayOfAddress } from './direct-address.ts'

export type Circuits = ReturnType<typeof createCircuits>

/** @param isHome true for this tab's own home, whose connection stays */
export function createCircuits(isHome: (peer: PeerId) => boolean) {
  /** By peer id: how many use a circuit to it, or through it. Bounded by them: each ends in time. */
  const inUse = new Map<string, number>()

  const isInUse = (peer: PeerId) => inUse.has(peer.toString())

  return {
    /** True while the peer, or the relay to it, is being dialled from here. */
    isInUse,
    /**
     * A circuit to the peer may be opened from now on. The function that is returned closes it, and the connections to nodes that were opened only
     * for it, unless somebody else still uses them.
     */
    use(network: Libp2p, peer: PeerId, addresses: readonly Multiaddr[]): () => void {
      const relays = addresses.flatMap((address) => relayOfAddress(address) ?? [])
      const opened = relays.filter((relay) => network.getConnections(relay).length === 0)
      const names = [peer, ...relays].map(String)
      for (const name of names) inUse.set(name, (inUse.get(name) ?? 0) + 1)
      return () => {
        for (const name of names) {
          const left = (inUse.get(name) ?? 1) - 1
          if (left > 0) inUse.set(name, left)
          else inUse.delete(name)
        }
        if (isInUse(peer)) return
        for (const connection of network.getConnections(peer)) {
          if (connectionKind(connection) === 'relayed') connection.close().catch(() => {})
        }
        for (const relay of opened) {
          if (isHome(relay) || isInUse(relay)) continue
          for (const connection of network.getConnections(relay)) if (connection.streams.length === 0) connection.close().catch(() => {})
        }
      }
    },
  }
}
