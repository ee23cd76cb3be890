/**
 * A node as the relay of its tabs, for signalling alone: two tabs exchange their WebRTC session descriptions through a circuit, which
 * carries little and not for long. Only tabs whose home is here can be reached through it; content never goes this way (content/).
 *
 * @see https://github.com/libp2p/specs/blob/master/relay/circuit-v2.md
 */

import { type CircuitRelayService, circuitRelayServer } from '@libp2p/circuit-relay-v2'
import type { Libp2p, PeerId } from '@libp2p/interface'

export const RELAY_LIMITS = {
  /** Tabs that can be reached through this node at once. */
  maxReservations: 8_192,
  /** A tab renews it at half of this; libp2p's tabs renew 5 minutes before the end, so it must be more. In ms. */
  reservationMs: 600_000,
  /** Bytes of one circuit, both ways together: a Noise handshake, identify, two session descriptions and some dozen candidates. */
  maxCircuitBytes: 65_536,
  /** How long a circuit lasts, in ms. */
  maxCircuitMs: 30_000,
  /** Circuits, and questions for one, that one peer may have open. */
  maxCircuitsFrom: 16,
  /** Circuits that lead to one tab at once. */
  maxCircuitsTo: 32,
} as const

type RelayComponents = Parameters<ReturnType<typeof circuitRelayServer>>[0]

export type Relay = ReturnType<typeof createRelay>

/** @param isTab true for a tab whose home is here */
export function createRelay(
  isTab: (peer: string) => boolean = () => false,
  limits: Readonly<Record<keyof typeof RELAY_LIMITS, number>> = RELAY_LIMITS,
) {
  let server: CircuitRelayService | undefined
  let circuits = 0

  return {
    /** Tabs that can be reached through this node now, and circuits that it was asked for and allowed since the start. */
    get counts() {
      return { reservations: server?.reservations.size ?? 0, circuits }
    },
    /** For libp2p's `services`. */
    service(components: RelayComponents): CircuitRelayService {
      server = circuitRelayServer({
        maxInboundHopStreams: limits.maxCircuitsFrom,
        maxOutboundStopStreams: limits.maxCircuitsTo,
        reservations: {
          maxReservations: limits.maxReservations,
          reservationTtl: limits.reservationMs,
          defaultDataLimit: BigInt(limits.maxCircuitBytes),
          defaultDurationLimit: limits.maxCircuitMs,
        },
      })(components)
      return server
    },
    /** For libp2p's `connectionGater`. */
    gater: {
      denyInboundRelayReservation: (source: PeerId) => !isTab(source.toString()),
      denyOutboundRelayedConnection(_source: PeerId, destination: PeerId) {
        if (!isTab(destination.toString())) return true
        circuits++
        return false
      },
    },
    /** To be called once, with the libp2p that was made with this service. */
    attach(libp2p: Pick<Libp2p, 'addEventListener' | 'getConnections'>) {
      libp2p.addEventListener('peer:disconnect', ({ detail: peer }) => {
        // It may fire twice, and another connection to that peer may still be open.
        if (libp2p.getConnections(peer).length > 0) return
        // Otherwise its timer removes the reservation that the same tab makes when it is back.
        server?.reservations.get(peer)?.signal.clear()
        server?.reservations.delete(peer)
      })
    },
  }
}
