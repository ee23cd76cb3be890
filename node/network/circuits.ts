/**
 * Circuits to other tabs, through their homes: each carries the offers of one direct connection. One may be opened ahead of the dial that needs it,
 * which then has only to exchange the offers. A circuit tells the other end this peer's id, and no address of it.
 */

import type { Libp2p, PeerId } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import { raceAbort, timeoutSignal } from '../async/abort.ts'
import { connectionKind } from './connection-kind.ts'
import { relayOfAddress } from './direct-address.ts'

export type Circuits = ReturnType<typeof createCircuits>

/** @param isHome true for this tab's own home, whose connection stays */
export function createCircuits(isHome: (peer: PeerId) => boolean) {
  /** By peer id: how many use a circuit to it, or through it. Bounded by them: each ends in time. */
  const inUse = new Map<string, number>()
  /** By peer id: circuits that are being opened ahead of a dial. Bounded by `inUse`. */
  const opening = new Map<string, { done: Promise<void>; stop: AbortController }>()

  const isInUse = (peer: PeerId) => inUse.has(peer.toString())

  function closeTo(network: Libp2p, peer: PeerId): void {
    for (const connection of network.getConnections(peer)) {
      if (connectionKind(connection) === 'relayed') connection.close().catch(() => {})
    }
  }

  /**
   * A circuit to the peer may be opened from now on. The function that is returned closes it, and the connections to nodes that were opened only
   * for it, unless somebody else still uses them.
   */
  function use(network: Libp2p, peer: PeerId, addresses: readonly Multiaddr[]): () => void {
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
      closeTo(network, peer)
      for (const relay of opened) {
        if (isHome(relay) || isInUse(relay)) continue
        for (const connection of network.getConnections(relay)) if (connection.streams.length === 0) connection.close().catch(() => {})
      }
    }
  }

  return {
    use,
    /** True while the peer, or the relay to it, is being dialled from here. */
    isInUse,
    /**
     * Opens a circuit ahead of a dial; a failure is the dial's to meet. Returns the function that closes it, unless a dial uses it then.
     *
     * @param addresses of the peer, through its home
     */
    prepare(network: Libp2p, peer: PeerId, addresses: readonly Multiaddr[], timeoutMs: number): () => void {
      const end = use(network, peer, addresses)
      const id = peer.toString()
      if (!opening.has(id)) {
        const stop = new AbortController()
        const signal = AbortSignal.any([stop.signal, timeoutSignal(timeoutMs)])
        const done = network
          .dial([...addresses], { signal })
          .catch(() => {})
          .then(() => {
            opening.delete(id)
            if (!isInUse(peer)) closeTo(network, peer) // it opened after all
          })
        opening.set(id, { done, stop })
      }
      return () => {
        end()
        if (!isInUse(peer)) opening.get(id)?.stop.abort(new Error('nobody needs the circuit'))
      }
    },
    /** Resolves once no circuit to the peer is being opened. @throws signal.reason, when aborted */
    async ready(peer: PeerId, signal: AbortSignal): Promise<void> {
      await raceAbort(opening.get(peer.toString())?.done ?? Promise.resolve(), signal)
    },
  }
}
