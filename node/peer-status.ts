/** A peer's state at one moment, for people and programs. */

import type { PeerLimits } from './limits.ts'
import type { ClockStatus } from './network/index.ts'

export interface PeerStatus {
  /** Peer id. */
  id: string
  role: 'node' | 'tab'
  /** Multiaddrs at which others can dial this peer, peer id included; empty for a tab. */
  addresses: string[]
  /** True while there is at least one connection into the overlay (a node that joins nobody counts as joined). */
  joined: boolean
  /** The addresses to join that it is connected to, as they were given. */
  joinedThrough: string[]
  /** A tab's home, once it has one. */
  home?: string
  /** Where the home has its gateway, such as `http://192.0.2.1:4000`, by the address that the tab has dialled. */
  homeOrigin?: string
  startedAtMs: number
  /** This machine's clock beside those of other peers. */
  clock: ClockStatus
  /** Websockets that a node's listener turned away or ended since the start, by reason: its port has them, no peer yet. */
  refusedSockets: Readonly<Record<string, number>>
  counts: {
    connections: number
    /** DHT servers in the routing table. */
    servers: number
    /** Servers whose signed addresses a node knows, connected or not; 0 for a tab. */
    knownServers: number
    /** How many first bits of a server's place name its group; 0 while all servers are one group, and for a tab. */
    groupBits: number
    /** Connections and streams that were ended here for going over a limit or breaking a wire format, since the start. */
    cut: number
    /** Contents this peer holds itself. */
    held: number
    heldBytes: number
    /** Tabs whose home is here. */
    tabs: number
    /** Leases of this node's tabs and of its own. */
    leases: number
    /** Holders this node records for the whole overlay. */
    records: number
    watches: number
    cacheBytes: number
    /** Content bytes given to others, and taken from others, since the start. */
    bytesServed: number
    bytesFetched: number
    /** Bytes over a node's port since the start: HTTP, overlay and their overhead; 0 for a tab. */
    bytesReceived: number
    bytesSent: number
    /** Tabs that can be dialled directly through this node now, and circuits for that since the start. Circuits carry signalling alone. */
    reservations: number
    circuits: number
    /** Streams between people that this node hands on now; their bytes, and requests for one that were refused, since the start. */
    relayed: number
    relayedBytes: number
    relayedRefused: number
    /** Taps of this peer and of its tabs; mail kept for absent receivers; messages passed on and refused since the start. */
    taps: number
    mail: number
    mailBytes: number
    messages: number
    messagesRefused: number
  }
  limits: PeerLimits
}
