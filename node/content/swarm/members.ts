/**
 * Who can be asked for the pieces of one content: holders of the whole, and others that receive it too and have some of it, whose pieces
 * are followed. Looks for more while there is room, again when presence says that there are others, and again for whom it lost. Which of
 * them gives which piece is left to `swarm.ts`.
 */

import { type Outline, pieceCount } from '../format/outline.ts'
import { PieceSet } from '../format/piece-set.ts'
import type { Candidate } from '../protocol/candidate.ts'
import type { FollowEnd } from '../protocol/following.ts'

/** Holders of the whole, or of some pieces. */
export type Part = 'whole' | 'some'

export interface MembersOptions {
  /** Holders used at the same time. */
  maxHolders?: number
  /** Whether to look again for those who left or failed, and for others when a piece is to be had from nobody. */
  isPatient?: boolean
  /** How long it waits before it looks again, in ms; twice as long each time that nothing comes of it. */
  retryMs?: number
  /** But no longer than this, in ms. */
  maxRetryMs?: number
  /** How long it waits before it looks again for who could not be reached directly, in ms; twice as long each time. */
  reachAgainMs?: number
  /** But no longer than this, in ms. */
  maxReachAgainMs?: number
  /** How long at most it waits for those who receive the content too to be connected, in ms. */
  gatherMs?: number
}

export const MEMBERS_DEFAULTS: Readonly<Required<MembersOptions>> = {
  maxHolders: 16, // one that has only some pieces costs a few bytes for each that it gets
  isPatient: false,
  retryMs: 1_000,
  maxRetryMs: 30_000,
  reachAgainMs: 16_000, // just longer than such a one is told no address (network/direct.ts)
  maxReachAgainMs: 181_000,
  gatherMs: 10_000, // a direct dial that fails takes eight seconds
}

export interface MembersContext {
  outline: Outline
  /** Whom to ask, each once; ends when all were told. */
  candidates(part: Part, signal: AbortSignal): AsyncIterable<Candidate>
  /** Calls back with how many hold the whole or some pieces, this peer included; at once when it is known, and after each change. */
  onCount(part: Part, listener: (count: number) => void): () => void
  /** Tells which pieces the candidate has, as they come. */
  follow(candidate: Candidate, onPieces: (indexes: number[]) => void, signal: AbortSignal): Promise<FollowEnd>
  /** It broke the rules. */
  distrust(candidate: Candidate, reason: string): void
  /** Something is different: somebody came, went, or has another piece. */
  onChange(): void
}

export interface Member {
  readonly candidate: Candidate
  /** Undefined: it holds the whole. */
  readonly pieces: PieceSet | undefined
  /** False until it has said which. */
  isHeard: boolean
  /** Pieces that it is asked for now. */
  asked: number
  /** How long a piece takes from here, in ms, smoothed; undefined before the first. */
  paceMs: number | undefined
  /** When that was measured, by `performance.now()`. */
  pacedAtMs: number
  /** Pieces that did not come, in a row. */
  failures: number
  /** Ends what is heard of it. */
  readonly gone: AbortController
}

export interface Members extends Iterable<Member> {
  readonly size: number
  /** False when all that can be found were met. */
  readonly isSearching: boolean
  /** How many receive the content now, by presence, this peer included if it does; 0 while that is not known. */
  readonly receivers: number
  /**
   * True at first, while others who receive it too are being met: they will have what is asked of a holder of the whole meanwhile. It ends
   * when all were heard of, or could not be reached, or after `gatherMs`.
   */
  readonly isGathering: boolean
  /** Pieces that came from tabs which have the whole. */
  readonly givenByTabs: number
  has(member: Member): boolean
  /** How many of those who have only some pieces have this one. */
  copies(index: number): number
  /**
   * Leaves it out.
   *
   * @param fault 'lie': for good; 'failure': until some time has passed, longer each time; otherwise until it is found again, for which
   * it is looked after a while when it was 'unreachable'
   */
  drop(member: Member, fault?: Fault | 'unreachable'): void
  /** A piece is wanted that nobody here has, or there is nobody. */
  starve(): void
  /** It has given a piece that is right. */
  onGiven(member: Member): void
  stop(): void
}

type Fault = 'lie' | 'failure'

/** Liars and failures that are remembered; oldest out first. */
const MAX_SHUNNED = 256

export function createMembers(context: MembersContext, options: MembersOptions = {}): Members {
  const settings = { ...MEMBERS_DEFAULTS, ...options }
  const count = pieceCount(context.outline)
  const stopped = new AbortController()
  /** Bounded: maxHolders. */
  const members = new Set<Member>()
  const copies = new Uint16Array(count)
  /** Who is not asked before when, by peer id. Bounded: MAX_SHUNNED. */
  const shunned = new Map<string, { untilMs: number; times: number }>()
  const searches = { whole: createSearch('whole'), some: createSearch('some') }
  let retryMs = settings.retryMs
  let retryTimer: ReturnType<typeof setTimeout> | undefined
  /** By peer id: who could not be reached directly, and was not met again. Bounded: MAX_SHUNNED. */
  const unreached = new Set<string>()
  let reachAgainMs = settings.reachAgainMs
  let reachTimer: ReturnType<typeof setTimeout> | undefined
  let room = Promise.withResolvers<void>()
  let givenByTabs = 0
  let mayGather = true
  const gatherTimer = setTimeout(() => {
    mayGather = false
    context.onChange()
  }, settings.gatherMs)

  function createSearch(part: Part) {
    let isRunning = false
    let isWanted = false
    let counted: number | undefined
    let hasMet = false
    async function run(): Promise<void> {
      isRunning = true
      while (isWanted && !stopped.signal.aborted) {
        isWanted = false
        try {
          for await (const candidate of context.candidates(part, stopped.signal)) {
            while (members.size >= settings.maxHolders && !stopped.signal.aborted) await room.promise
            if (stopped.signal.aborted) break
            hasMet = true
            admit(candidate, part)
          }
        } catch {
          // Nobody can be asked now: a count says when somebody can.
        }
      }
      isRunning = false
      context.onChange()
    }
    const start = () => {
      isWanted = true
      if (!isRunning) void run()
    }
    const endCount = context.onCount(part, (now) => {
      // The first count tells of those who are being met already.
      const before = counted ?? (isRunning || hasMet ? now : 0)
      counted = now
      if (now <= before) return
      for (const [peer, { untilMs }] of shunned) if (untilMs !== Number.POSITIVE_INFINITY) shunned.delete(peer)
      start()
    })
    return {
      start,
      stop: endCount,
      get isRunning() {
        return isRunning
      },
      get counted() {
        return counted ?? 0
      },
      /** False when presence says that there is nobody. */
      get isWorthIt() {
        return counted === undefined || counted > 0
      },
    }
  }

  function admit(candidate: Candidate, part: Part): void {
    if ((shunned.get(candidate.ask)?.untilMs ?? 0) > performance.now()) return
    for (const { candidate: known } of members) if (known.ask === candidate.ask) return
    const pieces = part === 'whole' ? undefined : new PieceSet(count)
    const member: Member = {
      candidate,
      pieces,
      isHeard: pieces === undefined,
      asked: 0,
      paceMs: undefined,
      pacedAtMs: 0,
      failures: 0,
      gone: new AbortController(),
    }
    members.add(member)
    unreached.delete(candidate.ask)
    if (pieces !== undefined) void follow(member, pieces)
    context.onChange()
  }

  async function follow(member: Member, pieces: PieceSet): Promise<void> {
    const { candidate, gone } = member
    const onPieces = (indexes: number[]) => {
      member.isHeard = true
      for (const index of indexes) if (pieces.add(index)) copies[index] = (copies[index] ?? 0) + 1
      context.onChange()
    }
    try {
      const end = await context.follow(candidate, onPieces, gone.signal)
      if ('isComplete' in end) return
      if ('broken' in end) context.distrust(candidate, end.broken)
      drop(member, 'none' in end ? undefined : 'failure')
    } catch {
      drop(member)
    }
  }

  function shun(peer: string, fault: Fault): void {
    const times = (shunned.get(peer)?.times ?? 0) + 1
    const forMs = fault === 'lie' ? Number.POSITIVE_INFINITY : Math.min(settings.retryMs * 2 ** times, settings.maxRetryMs)
    shunned.delete(peer)
    shunned.set(peer, { untilMs: performance.now() + forMs, times })
    const oldest = shunned.size > MAX_SHUNNED ? shunned.keys().next().value : undefined
    if (oldest !== undefined) shunned.delete(oldest)
  }

  function drop(member: Member, fault?: Fault | 'unreachable'): void {
    if (!members.delete(member)) return
    member.gone.abort(new Error('it is not asked any more'))
    for (let index = 0; index < count; index++) if (member.pieces?.has(index)) copies[index] = (copies[index] ?? 1) - 1
    if (fault === 'unreachable') reachLater(member.candidate.ask)
    else if (fault !== undefined) shun(member.candidate.ask, fault)
    room.resolve()
    room = Promise.withResolvers()
    if (fault !== 'lie') retryLater()
    context.onChange()
  }

  /** Counts tell of those who come; this is for those who are still there by every count, and did not give. */
  function retryLater(): void {
    if (!settings.isPatient || retryTimer !== undefined || stopped.signal.aborted) return
    retryTimer = setTimeout(() => {
      retryTimer = undefined
      startSearches()
    }, retryMs)
    retryMs = Math.min(retryMs * 2, settings.maxRetryMs)
  }

  /** Meanwhile its home gives, at its owner's cost: a dial that failed once is no reason to leave it at that. */
  function reachLater(peer: string): void {
    if (unreached.size < MAX_SHUNNED) unreached.add(peer)
    if (!settings.isPatient || reachTimer !== undefined || stopped.signal.aborted) return
    const again = () => {
      reachTimer = undefined
      if (unreached.size === 0) return
      startSearches()
      wait()
    }
    const wait = () => {
      reachTimer = setTimeout(again, reachAgainMs)
      reachAgainMs = Math.min(reachAgainMs * 2, settings.maxReachAgainMs)
    }
    wait()
  }

  function startSearches(): void {
    for (const search of Object.values(searches)) if (search.isWorthIt) search.start()
  }

  searches.whole.start()
  return {
    [Symbol.iterator]: () => members.values(),
    get size() {
      return members.size
    },
    get isSearching() {
      return searches.whole.isRunning || searches.some.isRunning
    },
    get receivers() {
      return searches.some.counted
    },
    get isGathering() {
      if (!mayGather || searches.some.counted < 2) return false
      return searches.some.isRunning || [...members].some(({ isHeard }) => !isHeard)
    },
    get givenByTabs() {
      return givenByTabs
    },
    has: (member) => members.has(member),
    copies: (index) => copies[index] ?? 0,
    drop,
    starve() {
      // Full of such as do not have it: one of them makes room for whoever else there may be.
      if (members.size >= settings.maxHolders) {
        const idle = [...members].filter(({ asked, pieces }) => asked === 0 && pieces !== undefined)
        const poorest = idle.toSorted((a, b) => (a.pieces?.size ?? 0) - (b.pieces?.size ?? 0))[0]
        if (poorest !== undefined) drop(poorest)
      }
      if (!searches.whole.isRunning && !searches.some.isRunning) retryLater()
    },
    onGiven(member) {
      retryMs = settings.retryMs
      shunned.delete(member.candidate.ask)
      if (member.candidate.isDirect) reachAgainMs = settings.reachAgainMs
      if (member.candidate.isDirect && member.pieces === undefined) givenByTabs++
    },
    stop() {
      stopped.abort(new Error('nobody reads any more'))
      clearTimeout(retryTimer)
      clearTimeout(reachTimer)
      clearTimeout(gatherTimer)
      room.resolve()
      for (const search of Object.values(searches)) search.stop()
      for (const member of members) member.gone.abort(stopped.signal.reason)
      members.clear()
    },
  }
}
