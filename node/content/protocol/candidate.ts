/** Whom to ask for content, made of holders as a find meets them. In which order they are asked is for the fetcher and the swarm. */

import type { Holder } from '../../rendezvous/types.ts'
import { ASK_SCOPE, type AskScope } from './wire.ts'

export interface Candidate {
  /** Who is asked: peer id. */
  ask: string
  /** Multiaddrs at which it can be dialled. */
  addresses: string[]
  scope: AskScope
  /** How long it may send nothing, in ms. */
  stallMs: number
  /** Who holds it: the one that is asked, or one of its tabs. */
  holder: string
  /** Another tab, asked by a direct connection. */
  isDirect?: boolean
  /** Asked only when no tab can be asked directly, or is slow: the home, whose bytes its owner pays for. */
  isReserve?: boolean
}

export interface CandidateTimes {
  /** How long a holder may send nothing, in ms. */
  stallMs: number
  /** The same for a home that answers for tabs. */
  homeStallMs: number
}

/** A tab of this node. */
export function tabCandidate(tab: string, { stallMs }: CandidateTimes): Candidate {
  return { ask: tab, addresses: [], scope: ASK_SCOPE.own, stallMs, holder: tab }
}

/** This tab's home, asked about the whole network. */
export function homeCandidate(home: string, { homeStallMs }: CandidateTimes): Candidate {
  return { ask: home, addresses: [], scope: ASK_SCOPE.network, stallMs: homeStallMs * 2, holder: home }
}

/** A node is asked itself; a tab directly where that is possible, else by its home. */
export function holderCandidate(holder: Holder, directAddresses: string[], { stallMs, homeStallMs }: CandidateTimes): Candidate {
  const { peer, home, addresses } = holder
  if (peer === home) return { ask: peer, addresses, scope: ASK_SCOPE.own, stallMs, holder: peer }
  if (directAddresses.length === 0) return { ask: home, addresses, scope: ASK_SCOPE.own, stallMs: homeStallMs, holder: peer }
  return { ask: peer, addresses: directAddresses, scope: ASK_SCOPE.own, stallMs, holder: peer, isDirect: true }
}
