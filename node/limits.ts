/** The limits of a peer, each once; a refusal names the one it met. */

import type { ContentLimits } from './content/types.ts'
import type { MessageLimits } from './messages/types.ts'
import type { NetworkLimits } from './network/types.ts'
import type { RelayLimits } from './people/way/types.ts'
import type { RendezvousLimits } from './rendezvous/types.ts'

export interface PeerLimits extends NetworkLimits, RendezvousLimits, ContentLimits, MessageLimits, RelayLimits {}

/** The limits that may change while a peer runs. */
export type PeerRates = Pick<PeerLimits, 'maxPeerBytesPerSecond' | 'messagesPerSecond' | 'messageBurst'>

const MIB = 1_048_576

/** A node that serves thousands of tabs within 512 MB. */
export const NODE_LIMITS: Readonly<PeerLimits> = {
  maxContentBytes: 68_719_476_736, // the most that an outline can describe: 4,096 pieces of 16 MiB
  maxPieceBytes: 262_144,
  maxHeldBytes: 64 * MIB,
  maxHeldContents: 4_096,
  maxCacheBytes: 32 * MIB,
  maxPeerBytesPerSecond: 0, // another node asks for all of its visitors: only the operator knows how much is too much
  maxLeasesPerPeer: 256,
  maxLeasesPerHome: 65_536,
  maxRecordsPerKey: 8_192,
  maxRecords: 131_072,
  maxWatchesPerPeer: 4_608, // a tab watches each contact of its account, 4,096 at most, and its pages
  maxWatches: 65_536,
  maxHoldersPerAnswer: 16,
  maxConnections: 8_192,
  maxMessageBytes: 65_536,
  maxTapsPerPeer: 256,
  maxTaps: 65_536,
  maxMailBytes: 32 * MIB,
  maxMailBytesPerEnd: 4 * MIB,
  maxMailBytesPerSender: MIB,
  messageBurst: 1_000, // a script's loop; a sender of more is slowed down
  messagesPerSecond: 100,
  maxRelayedStreams: 8_192, // a quiet one takes 29 KiB of the heap (scripts/bench-relayed.ts, 2026-11)
  maxRelayedStreamsPerPeer: 1_536, // a link to each instance of a thousand contacts, and calls
  maxRelayedStreamsPerHome: 4_000, // of the streams that a connection may have (network/overlay.ts)
  maxRelayedWaitingBytes: 64 * MIB,
  relayedBytesPerSecond: 4 * MIB,
}

/** A tab, or a short command. It keeps no records for others. */
export const TAB_LIMITS: Readonly<PeerLimits> = {
  ...NODE_LIMITS,
  maxHeldContents: 256,
  maxCacheBytes: 0,
  maxLeasesPerHome: 256,
  maxRecords: 1_024,
  maxWatches: 4_608,
  maxConnections: 64,
}
