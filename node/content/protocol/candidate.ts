/** Candidates: the peers to request content from, made of the holders that a find returns. The fetcher and the swarm choose their order. */

import type { Holder } from '../../rendezvous/types.ts'
import { ASK_SCOPE, type AskScope } from './wire.ts'

export interface Candidate {
  /** Peer id of the peer that is asked. */
  peer: string
  /** Multiaddrs at which it can be dialled. */
  addresses: string[]
  scope: AskScope
  /** How long it may send nothing, in ms. */
  stallMs: number
  /** Peer id of the holder: the peer that is asked, or one of its tabs. */
  holder: string
  /** Another tab, asked on a direct connection. */
  isDirect?: boolean
  /** Asked only when no tab can be asked directly, or all are slow: the home, whose owner pays for its bytes. */
  isFallback?: boolean
}

export interface CandidateTimes {
  /** How long a holder may send nothing, in ms. */
  stallMs: number
  /** The same for a home that answers for tabs. */
  homeStallMs: number
}

/** A tab whose home is this node. */
export function tabCandidate(tab: string, { stallMs }: CandidateTimes): Candidate {
  return { peer: tab, addresses: [], scope: ASK_SCOPE.own, stallMs, holder: tab }
}

/** This tab's home, asked about the whole network. */
export function homeCandidate(home: string, { homeStallMs }: CandidateTimes): Candidate {
  return { peer: home, addresses: [], scope: ASK_SCOPE.network, stallMs: homeStallMs * 2, holder: home }
}

/** A node is asked itself; a tab directly where that is possible, else through its home. */
export function holderCandidate(holder: Holder, directAddresses: string[], { stallMs, homeStallMs }: CandidateTimes): Candidate {
  const { peer, home, addresses } = holder
  if (peer === home) return { peer, addresses, scope: ASK_SCOPE.own, stallMs, holder: peer }
  if (directAddresses.length === 0) return { peer: home, addresses, scope: ASK_SCOPE.own, stallMs: homeStallMs, holder: peer }
  return { peer, addresses: directAddresses, scope: ASK_SCOPE.own, stallMs, holder: peer, isDirect: true }
}
