/**
 * The members of a swarm: holders of the whole content, and peers that download it too and have some pieces, which they report. Searches
 * for more members while there is room. `swarm.ts` chooses which member is asked for which piece.
 */

import type { Candidate } from '../fetch/candidates.ts'
import { pieceCount } from '../format/outline.ts'
import { PieceSet } from '../format/piece-set.ts'
import { createPieceCopies } from './piece-copies.ts'
import { createBans, createSearch, createSearchRetries, type Fault } from './search.ts'
import type { Part, SwarmContext, SwarmSettings } from './swarm-options.ts'

export interface Member {
  readonly candidate: Candidate
  /** Undefined for a holder of the whole. */
  readonly pieces: PieceSet | undefined
  /** False until it has reported its pieces. */
  hasReported: boolean
  /** Requests in flight. */
  inFlight: number
  /** Estimated latency of a piece, in ms, smoothed; undefined before the first. */
  latencyMs: number | undefined
  /** When the latency was measured, by `performance.now()`. */
  measuredAtMs: number
  /** Requests that failed in a row. */
  failures: number
  /** Ends the follow. */
  readonly left: AbortController
}

export type Members = ReturnType<typeof createMembers>

/** @param onChange called when a member came, left, or has another piece */
export function createMembers(context: SwarmContext, settings: SwarmSettings, onChange: () => void) {
  const count = pieceCount(context.outline)
  /** Bounded: maxHolders. */
  const members = new Set<Member>()
  const copies = createPieceCopies(count)
  const bans = createBans(settings, context.random)
  let room = Promise.withResolvers<void>()
  let piecesFromTabs = 0
  let isStopped = false
  let mayGather = true
  const gatherTimer = setTimeout(() => {
    mayGather = false
    onChange()
  }, settings.gatherMs)

  const listener = { room: waitForRoom, onCandidate: admit, onRise: bans.liftFailures, onEnd: onChange }
  const searches = { whole: createSearch('whole', context, listener), some: createSearch('some', context, listener) }
  const retries = createSearchRetries(settings, startSearches, context.random)

  async function waitForRoom(): Promise<void> {
    while (members.size >= settings.maxHolders && !isStopped) await room.promise
  }

  /** A search is not worth its cost when presence counts no holder. */
  function startSearches(): void {
    for (const each of Object.values(searches)) if (each.counted !== 0) each.start()
  }

  function admit(candidate: Candidate, part: Part): void {
    if (bans.has(candidate.peer)) return
    for (const { candidate: known } of members) if (known.peer === candidate.peer) return
    const pieces = part === 'whole' ? undefined : new PieceSet(count)
    const member: Member = {
      candidate,
      pieces,
      hasReported: pieces === undefined,
      inFlight: 0,
      latencyMs: undefined,
      measuredAtMs: 0,
      failures: 0,
      left: new AbortController(),
    }
    members.add(member)
    retries.onMet(candidate.peer)
    if (pieces !== undefined) void follow(member, pieces)
    onChange()
  }

  async function follow(member: Member, pieces: PieceSet): Promise<void> {
    const { candidate, left } = member
    const onPieces = (indexes: number[]) => {
      member.hasReported = true
      for (const index of indexes) if (pieces.add(index)) copies.add(index)
      onChange()
    }
    try {
      const end = await context.follow(candidate, onPieces, left.signal)
      if ('isComplete' in end) return
      if ('broken' in end) context.distrust(candidate, end.broken)
      drop(member, 'none' in end ? undefined : 'failure')
    } catch {
      drop(member)
    }
  }

  /** @param fault 'lie' bans it for good, 'failure' for a while; 'unreachable' repeats the search for it after a while */
  function drop(member: Member, fault?: Fault | 'unreachable'): void {
    if (!members.delete(member)) return
    member.left.abort(new Error('the member was dropped'))
    if (member.pieces !== undefined) copies.remove(member.pieces)
    if (fault === 'unreachable') retries.onUnreachable(member.candidate.peer)
    else if (fault !== undefined) bans.add(member.candidate.peer, fault)
    room.resolve()
    room = Promise.withResolvers()
    if (fault !== 'lie') retries.onLost()
    onChange()
  }

  /** Makes room for other members: drops the idle one with the fewest pieces. */
  function dropPoorest(): void {
    const idle = [...members].filter(({ inFlight, pieces }) => inFlight === 0 && pieces !== undefined)
    const poorest = idle.toSorted((a, b) => (a.pieces?.size ?? 0) - (b.pieces?.size ?? 0))[0]
    if (poorest !== undefined) drop(poorest)
  }

  const isSearching = () => searches.whole.isRunning || searches.some.isRunning

  searches.whole.start()
  return {
    [Symbol.iterator]: () => members.values(),
    get size() {
      return members.size
    },
    /** False when all that can be found were found. */
    get isSearching() {
      return isSearching()
    },
    /** Peers that download the content now, by presence, this peer included if it does; 0 while that is not known. */
    get downloaders() {
      return searches.some.counted ?? 0
    },
    /**
     * True at first, while the other downloaders are being connected: they will have what a holder of the whole is asked for meanwhile.
     * Ends when all of them have reported or could not be reached, or after `gatherMs`.
     */
    get isGathering() {
      if (!mayGather || (searches.some.counted ?? 0) < 2) return false
      return searches.some.isRunning || [...members].some(({ hasReported }) => !hasReported)
    },
    /** Pieces that came from tabs with the whole content. */
    get piecesFromTabs() {
      return piecesFromTabs
    },
    has: (member: Member) => members.has(member),
    /** How many members with only some pieces have this one. */
    copies: copies.of,
    /** The pieces that any downloader among the members has. */
    feed: copies.feed,
    drop,
    /** A piece is wanted that no member has, or there is no member. */
    needMore(): void {
      if (members.size >= settings.maxHolders) dropPoorest()
      if (!isSearching()) retries.onLost()
    },
    /** The member has sent a right piece. */
    onPiece({ candidate, pieces }: Member): void {
      const isDirect = candidate.isDirect === true
      bans.delete(candidate.peer)
      retries.onProgress(isDirect)
      if (isDirect && pieces === undefined) piecesFromTabs++
    },
    stop(): void {
      isStopped = true
      clearTimeout(gatherTimer)
      retries.stop()
      for (const each of Object.values(searches)) each.stop()
      room.resolve()
      for (const { left } of members) left.abort(new Error('the swarm was stopped'))
      members.clear()
      copies.endFeed()
    },
  }
}
