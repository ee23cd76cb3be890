/** The frames of the presence protocol, as they are written and read by wire.ts. */

import type { Multiaddr } from '@multiformats/multiaddr'
import type { Key } from '../types.ts'

/** A find or a watch covers the server's own records, the whole network, or the key's record nodes alone, which a delegate asks for others. */
export const SCOPE = { own: 0, network: 1, group: 2 } as const
export type Scope = (typeof SCOPE)[keyof typeof SCOPE]

/** Reasons of a refusal; the number travels. */
export const REFUSAL = {
  'bad-lease': 1,
  expired: 2,
  clock: 3,
  'leases-per-peer': 4,
  'records-per-key': 5,
  records: 6,
  watches: 7,
  busy: 8,
  older: 9,
} as const
export type Refusal = keyof typeof REFUSAL

export interface PeerAddresses {
  /** Multihash of the peer id. */
  peer: Uint8Array
  addresses: Multiaddr[]
}

export interface HelloFrame {
  type: 'hello'
  role: 'tab' | 'node'
  addresses: Multiaddr[]
  /** The opener answers probes. An older one cannot read them. */
  answersProbes: boolean
  /** The opener reads signed records of servers in the welcome. */
  readsRecords?: boolean
  /** The opener joins through the answerer, and reads records of servers that come after it, too. */
  readsNews?: boolean
}
/** Signed records of homes whose leases follow, from a node that carries these. */
export interface HomesFrame {
  type: 'homes'
  records: Uint8Array[]
}
export interface HoldFrame {
  type: 'hold'
  sequence: number
  /** Signed leases, as `lease.ts` reads them. */
  leases: Uint8Array[]
  /** The marks of their holders' browsers, in the same order. Older versions, and holders without one, leave them out. */
  marks?: readonly (Uint8Array | undefined)[]
  /** The small contents of their keys, in the same order; see `MAX_SMALL_CONTENT_BYTES`. */
  contents?: readonly (Uint8Array | undefined)[]
}
export interface ReleaseFrame {
  type: 'release'
  records: { key: Key; holder: Uint8Array }[]
}
export interface FindFrame {
  type: 'find'
  id: number
  key: Key
  limit: number
  scope: Scope
  /** The largest content that the opener takes with the answer, in bytes; older versions, and openers that want none, leave it out. */
  maxContentBytes?: number | undefined
}
export interface WatchFrame {
  type: 'watch'
  key: Key
  scope: Scope
}
/** A server's word on its group (node/groups): how many first bits name it, and how many servers it has. One that joins says nothing. */
export interface GroupSize {
  bits: number
  size: number
  /** Heartbeats of a node of which nothing stands at this server may be rare: see resting.ts. Older versions leave it out. */
  letsRest?: boolean
}
export interface WelcomeFrame {
  type: 'welcome'
  addresses: Multiaddr[]
  /** The answerer's clock, in ms since the epoch. */
  nowMs: number
  /** Other servers of the overlay, for a peer that is new. */
  servers: PeerAddresses[]
  /** The same, signed by those servers, for an opener that reads them. */
  records?: Uint8Array[]
  /** To a node; older versions leave it out. */
  group?: GroupSize | undefined
}
export interface HeldFrame {
  type: 'held'
  sequence: number
  refused: { index: number; reason: Refusal }[]
}
export interface FoundFrame {
  type: 'found'
  id: number
  leases: Uint8Array[]
  /** Stock kad-dht peers, by unsigned records of their own. */
  stock: { peer: Uint8Array; expiresAtMs: number }[]
  homes: PeerAddresses[]
  count: number
  /** The content itself, unchecked, where the answerer has it beside a lease and the opener takes it. */
  content?: Uint8Array | undefined
}
export interface CountFrame {
  type: 'count'
  key: Key
  count: number
  /** As many holders when those with one mark count once; left out when it is the same number. */
  people?: number
}
export interface RefusedFrame {
  type: 'refused'
  /** The find it answers, or 0. */
  id: number
  reason: Refusal
  text: string
}

export interface HeartbeatReplyFrame {
  type: 'heartbeat-reply'
  /** The answerer's clock, in ms since the epoch; older versions leave it out. */
  nowMs?: number
  /** To a node; older versions leave it out. */
  group?: GroupSize | undefined
}

export interface HeartbeatFrame {
  type: 'heartbeat'
  /** The bits that a node goes by, before leases whose receiver has not heard them; older versions leave it out. */
  bits?: number | undefined
}

/** Frames of the opener of a stream: a tab, or a node that asks. */
export type OpenerFrame =
  | { type: 'probe-reply' }
  | HeartbeatFrame
  | { type: 'unwatch'; key: Key }
  | HomesFrame
  | HelloFrame
  | HoldFrame
  | ReleaseFrame
  | FindFrame
  | WatchFrame

/** Frames of a node on the streams that others have opened. */
export type AnswererFrame = UnaskedFrame | HeartbeatReplyFrame | WelcomeFrame | HeldFrame | FoundFrame | RefusedFrame
/** With signed records of servers that have come since the welcome. */
type UnaskedFrame = { type: 'probe' } | CountFrame | { type: 'servers'; records: Uint8Array[] }

export type PresenceFrame = OpenerFrame | AnswererFrame
