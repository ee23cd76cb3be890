/** Finds the peers to request content from, each once. Peers that sent wrong bytes before come last. */

import type { PeerId } from '@libp2p/interface'
import { createRecentMap } from '../../async/recent-map.ts'
import type { FindOptions, GivenContent, Holder } from '../../rendezvous/types.ts'
import type { Key } from '../../types.ts'
import type { RequestTarget } from '../protocol/content-streams.ts'
import { ASK_SCOPE } from '../protocol/wire.ts'
import type { OpenOptions } from '../types.ts'

/** Where content may come from: only from tabs whose home is this node, or from any holder. */
export type Reach = 'tabs' | 'network'

export interface Candidate extends RequestTarget {
  /** Peer id of the holder: the peer that is asked, or one of its tabs. */
  holder: string
  /** Another tab, asked on a direct connection. */
  isDirect?: boolean
  /** Something else has connected to it directly, or will soon; see `FindContentOptions.known`. */
  isKnown?: boolean
  /** Asked only when no tab can be asked directly, or all are slow: the home, whose owner pays for its bytes. */
  isFallback?: boolean
}

/** Where a holder is. */
export type KnownHolder = Pick<Holder, 'peer' | 'home' | 'addresses'>

export interface FindContentOptions extends OpenOptions {
  /** A tab that has the content, and to which there is a direct connection, or will be soon: it is asked first, without being looked for. */
  known?: KnownHolder | undefined
}

/** Content to look for. */
export interface Sought {
  key: Key
  /** See `OpenOptions.bundle`. */
  bundle?: Key | undefined
  /** See `FindContentOptions.known`. */
  known?: KnownHolder | undefined
}

/** In ms; see `FETCHER_DEFAULTS`. */
export type CandidateTimes = Record<'stallMs' | 'homeStallMs', number>

export interface CandidatesContext {
  /** This peer's id. */
  self: string
  /** Tabs whose home is this node and that hold the key. */
  tabsHolding(key: Key): string[]
  find(key: Key, options: FindOptions): AsyncIterable<Holder>
  /** A tab's home. It can be asked about the whole network. */
  home(): PeerId | undefined
  /** Addresses at which the holder can be dialled directly. Left out where direct connections are impossible. */
  directAddresses?(holder: KnownHolder): string[]
}

/** Hears of the content itself, unchecked, where it came with the answer to the find. True when it is right, and no candidate wanted. */
export type OnContent = (given: GivenContent) => boolean

const MAX_DISTRUSTED = 1_024

export function createCandidates(context: CandidatesContext, settings: CandidateTimes & { distrustMs: number }) {
  /** By peer id: until when it is distrusted. */
  const distrusted = createRecentMap<string, number>({ maxEntries: MAX_DISTRUSTED, order: 'written' })

  async function* meet(
    keys: Key[],
    known: KnownHolder | undefined,
    reach: Reach,
    ways: 'by-homes' | 'direct',
    signal: AbortSignal,
    onContent: OnContent | undefined,
  ): AsyncGenerator<Candidate> {
    if (reach === 'tabs') {
      for (const tab of keys.flatMap(context.tabsHolding)) yield tabCandidate(tab, settings)
      return
    }
    const knownAt = known && context.directAddresses?.(known)
    if (known !== undefined && knownAt !== undefined && knownAt.length > 0)
      yield { ...holderCandidate(known, knownAt, settings), isKnown: true }
    const directAddresses = ways === 'direct' ? context.directAddresses : undefined
    const home = context.home()?.toString()
    if (home !== undefined) yield { ...homeCandidate(home, settings), ...(directAddresses && { isFallback: true }) }
    for (const key of keys) {
      const options = { signal, onContent: key === keys.at(-1) ? onContent : undefined }
      for await (const holder of context.find(key, options)) yield holderCandidate(holder, directAddresses?.(holder) ?? [], settings)
    }
  }

  return {
    /**
     * Holders of the bundle come first: looking for a file that is not announced asks every server that is known.
     *
     * @param ways 'by-homes': tabs are asked through their homes; 'direct': on a direct connection, where this peer can open one. A known holder is
     * asked directly in any case: something else has connected to it
     */
    async *of(
      { key, bundle, known }: Sought,
      reach: Reach,
      ways: 'by-homes' | 'direct',
      signal: AbortSignal,
      onContent?: OnContent,
    ): AsyncGenerator<Candidate> {
      const met = new Set<string>()
      const later: Candidate[] = []
      const keys = bundle === undefined ? [key] : [bundle, key]
      for await (const found of meet(keys, known, reach, ways, signal, onContent)) {
        const candidate = bundle === undefined ? found : { ...found, bundle }
        const { peer } = candidate
        if (peer === context.self || met.has(peer)) continue
        met.add(peer)
        if ((distrusted.get(peer) ?? 0) > performance.now()) later.push(candidate)
        else yield candidate
      }
      yield* later
    },
    /** From now on the peer comes last, for a while. */
    distrust: (peer: string) => distrusted.set(peer, performance.now() + settings.distrustMs),
    trust: distrusted.delete,
  }
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
export function holderCandidate(holder: KnownHolder, directAddresses: string[], { stallMs, homeStallMs }: CandidateTimes): Candidate {
  const { peer, home, addresses } = holder
  if (peer === home) return { peer, addresses, scope: ASK_SCOPE.own, stallMs, holder: peer }
  if (directAddresses.length === 0) return { peer: home, addresses, scope: ASK_SCOPE.own, stallMs: homeStallMs, holder: peer }
  return { peer, addresses: directAddresses, scope: ASK_SCOPE.own, stallMs, holder: peer, isDirect: true }
}
