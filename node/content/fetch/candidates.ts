/** Finds the peers to request content from, each once. Peers that sent wrong bytes before come last. */

import type { PeerId } from '@libp2p/interface'
import { createRecentMap } from '../../async/recent-map.ts'
import type { Holder } from '../../rendezvous/types.ts'
import type { AbortOptions, Key } from '../../types.ts'
import { type Candidate, type CandidateTimes, holderCandidate, homeCandidate, tabCandidate } from '../protocol/candidate.ts'

/** Where content may come from: only from tabs whose home is this node, or from any holder. */
export type Reach = 'tabs' | 'network'

export interface CandidatesContext {
  /** This peer's id. */
  self: string
  /** Tabs whose home is this node and that hold the key. */
  tabsHolding(key: Key): string[]
  find(key: Key, options: AbortOptions): AsyncIterable<Holder>
  /** A tab's home. It can be asked about the whole network. */
  home(): PeerId | undefined
  /** Addresses at which the holder can be dialled directly. Left out where direct connections are impossible. */
  directAddresses?(holder: Holder): string[]
}

const MAX_DISTRUSTED = 1_024

export function createCandidates(context: CandidatesContext, settings: CandidateTimes & { distrustMs: number }) {
  /** By peer id: until when it is distrusted. */
  const distrusted = createRecentMap<string, number>({ maxEntries: MAX_DISTRUSTED, order: 'written' })

  async function* meet(key: Key, reach: Reach, ways: 'by-homes' | 'direct', signal: AbortSignal): AsyncGenerator<Candidate> {
    if (reach === 'tabs') {
      for (const tab of context.tabsHolding(key)) yield tabCandidate(tab, settings)
      return
    }
    const directAddresses = ways === 'direct' ? context.directAddresses : undefined
    const home = context.home()?.toString()
    if (home !== undefined) yield { ...homeCandidate(home, settings), ...(directAddresses && { isFallback: true }) }
    for await (const holder of context.find(key, { signal })) {
      yield holderCandidate(holder, directAddresses?.(holder) ?? [], settings)
    }
  }

  return {
    /** @param ways 'by-homes': tabs are asked through their homes; 'direct': on a direct connection, where this peer can open one */
    async *of(key: Key, reach: Reach, ways: 'by-homes' | 'direct', signal: AbortSignal): AsyncGenerator<Candidate> {
      const met = new Set([context.self])
      const later: Candidate[] = []
      for await (const candidate of meet(key, reach, ways, signal)) {
        if (met.has(candidate.peer)) continue
        met.add(candidate.peer)
        if ((distrusted.get(candidate.peer) ?? 0) > Date.now()) later.push(candidate)
        else yield candidate
      }
      yield* later
    },
    /** From now on the peer comes last, for a while. */
    distrust: (peer: string) => distrusted.set(peer, Date.now() + settings.distrustMs),
    trust: distrusted.delete,
  }
}
