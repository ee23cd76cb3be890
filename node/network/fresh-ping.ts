/**
 * kad-dht's ping of a server that it may take. It pings each new one first, with a stream of its own, though it hears of most by the answer to
 * identify, moments before and over the same connection: that answer counts as one to the ping.
 */

import type { AbortOptions, Connection, IdentifyResult, PeerId } from '@libp2p/interface'

/** How long an answer to identify counts, in ms: on a busy machine servers wait so long for their place in kad-dht's table. */
const FRESH_MS = 5_000

export interface FreshPingComponents {
  connectionManager: { getConnections(peer: PeerId): Connection[] }
  events: { addEventListener(type: 'peer:identify', listener: (event: CustomEvent<IdentifyResult>) => void): void }
  ping: { ping(peer: PeerId, options?: AbortOptions): Promise<number> }
}

/** @param now clock, in ms; any origin */
export function createFreshPing(components: FreshPingComponents, now: () => number = () => performance.now()) {
  /** When its peer has answered. */
  const answered = new WeakMap<Connection, number>()
  components.events.addEventListener('peer:identify', ({ detail: { connection } }) => void answered.set(connection, now()))
  const isFresh = (connection: Connection) =>
    connection.status === 'open' && (answered.get(connection) ?? Number.NEGATIVE_INFINITY) > now() - FRESH_MS

  return {
    /** @returns the time of the answer, in ms; 0 when there was one a moment ago */
    async ping(peer: PeerId, options?: AbortOptions): Promise<number> {
      return components.connectionManager.getConnections(peer).some(isFresh) ? 0 : components.ping.ping(peer, options)
    },
  }
}
