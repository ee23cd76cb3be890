/** Nouns of the overlay's connections. */

import type { Transport } from '@libp2p/interface'
import type { MayflyErrorCode } from '../errors.ts'
import type { ClockStatus } from './clock.ts'

/** A server that helps tabs to connect directly, as browsers take it. @see https://www.w3.org/TR/webrtc/#dom-rtciceserver */
export interface IceServer {
  urls: string
  username?: string
  credential?: string
}

/** Limits on connections. */
export interface NetworkLimits {
  /** Connections in all. */
  maxConnections: number
}

/** An event of this peer's connections. Peers are peer ids in text form. */
export type NetworkEvent =
  | { type: 'joined'; peer: string }
  | { type: 'left'; peer: string; reason: string }
  | { type: 'join-failed'; address: string; reason: string; code?: MayflyErrorCode; retryInMs: number }
  /** Another peer has this peer's own id, and was met at this multiaddr: it runs from a copy of the private key. */
  | { type: 'duplicate-id'; address: string; reason: string }
  /** A connection, or a stream of one, was ended here because its peer went over a limit or broke a wire format. */
  | { type: 'cut'; peer: string; reason: string }
  /** This machine's clock is off, or right again. */
  | { type: 'clock'; state: ClockStatus['state']; aheadMs: number; peers: number }

/** Makes a libp2p transport. The components are libp2p's own; each transport asks for others of them. */
// biome-ignore lint/suspicious/noExplicitAny: a transport names the components it needs; no type fits them all
export type TransportFactory = (components: any) => Transport
