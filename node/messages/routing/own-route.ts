/**
 * The route of this peer's own messages and taps: through its router when it is a node (node-route.ts), through its home when it is a tab
 * (home-route.ts).
 */

import type { Libp2p, PeerId } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { Clock, RoutingTable } from '../../network/index.ts'
import type { Key } from '../../types.ts'
import type { Decline } from '../format/decline.ts'
import type { Envelope } from '../format/envelope.ts'
import type { GuestPosts, MessageLimits, MessageSecret, Receipt } from '../types.ts'
import type { Reply } from './delivery.ts'
import type { RouterPresence } from './node-requests.ts'
import type { RowReceivers } from './row-receivers.ts'
import type { SeenMessage, SeenMessages } from './seen-messages.ts'
import type { Subscription, Subscriptions } from './subscriptions.ts'

export interface OwnRouteContext {
  libp2p: Pick<Libp2p, 'peerId' | 'getConnections' | 'dial' | 'handle' | 'unhandle'>
  servers: RoutingTable
  presence: RouterPresence & {
    addressesOf(peer: string): Multiaddr[]
    readonly home: PeerId | undefined
  }
  subscriptions: Subscriptions
  seenMessages: SeenMessages
  limits: MessageLimits
  clock: Pick<Clock, 'now' | 'monotonic' | 'isDoubtful' | 'isOff'>
  /** Another peer sent forged or bad frames. */
  onRefused(peer: string, reason: string): void
}

export interface OwnRoute {
  readonly counts: {
    /** Taps of this node's tabs. */
    tabTaps: number
    /** Stored messages for absent receivers. */
    mail: number
    mailBytes: number
    /** Messages that were let pass here, and that were refused, since the start. */
    messages: number
    messagesRefused: number
  }
  /** Sends a message of this peer. */
  send(envelope: Envelope, seen: SeenMessage, reply: Reply): void
  /** A node's. */
  readonly guests?: GuestPosts
  /** Asks others for the public key of a hashname. Undefined when nobody told it in time. */
  findPublicKey(end: Key, signal: AbortSignal): Promise<Uint8Array | undefined>
  /** Receivers that open rows of sealed messages. Undefined for a tab, which opens rows and seals none. */
  readonly rows?: RowReceivers
  /**
   * Announces a tap of this peer; its subscription has been added. Resolves once messages can come.
   *
   * @throws {MayflyError} ERR_LIMIT, ERR_WRONG_KEY
   */
  addTap(subscription: Subscription, secret: MessageSecret): Promise<void>
  /** A tap of this peer has ended; its subscription has been removed. */
  removeTap(subscription: Subscription): void
  /** Renews the proofs of this peer's taps, and collects stored messages again. */
  renewTaps(): void
  /** Takes a statement of a receiver at this peer, and passes it to all that sent the message. */
  takeReceipt(receipt: Receipt): void
  takeDecline(decline: Decline): void
  /** This peer has joined, or a tab has another home. */
  onJoined(): void
  start(): Promise<void>
  stop(): Promise<void>
}
