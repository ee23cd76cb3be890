/**
 * Fetches the pieces of one content from several members at once. The fastest is asked most, a member that sends wrong bytes or nothing is
 * dropped, and a piece that is late is requested from an idle member, too. Each piece is checked before it counts.
 */

import { onAbort } from '../../async/abort.ts'
import { delay } from '../../async/delay.ts'
import { MayflyError } from '../../errors.ts'
import type { AbortOptions } from '../../types.ts'
import type { Candidate } from '../fetch/candidates.ts'
import { pieceCount } from '../format/outline.ts'
import { createMemberRequests } from './member-requests.ts'
import { createMemberWait } from './member-wait.ts'
import { createMembers, type Member } from './members.ts'
import { createSelection } from './selection.ts'
import { SWARM_DEFAULTS, type SwarmContext, type SwarmOptions } from './swarm-options.ts'

interface SwarmPiece {
  bytes: Uint8Array
  from: Candidate
}

/** Ends what still waits for a piece. Made once: an error made for each piece would have its stack written down each time. */
const HERE = new Error('the piece is here')

export type Swarm = ReturnType<typeof createSwarm>

export function createSwarm(context: SwarmContext, options: SwarmOptions = {}) {
  const { random } = context
  const settings = { ...SWARM_DEFAULTS, ...options }
  /** Of pieces that readers wait for. Bounded by them. */
  const running = new Set<AbortController>()
  let stopReason: Error | undefined
  let change = Promise.withResolvers<void>()
  /** No request was possible for so long that the fallback source is asked. */
  let isLate = false
  let lateTimer: ReturnType<typeof setTimeout> | undefined

  const waits = createMemberWait(choose, settings.fallbackAfterMs)

  const onChange = () => {
    change.resolve()
    change = Promise.withResolvers()
    waits.tryAll()
  }
  const members = createMembers(context, settings, onChange)
  const selection = createSelection(members, pieceCount(context.outline), settings)
  const requestFrom = createMemberRequests(context, members, settings.minSlowMs, { onPiece, onEnd: onChange })

  function onPiece({ candidate }: Member): void {
    if (candidate.isFallback) return
    clearTimeout(lateTimer)
    lateTimer = undefined
    isLate = false
  }

  /** No wanted piece can be requested: searches for more members, and after a while asks the fallback source. */
  function onNothing(): void {
    for (const { inFlight } of members) if (inFlight > 0) return
    members.needMore()
    lateTimer ??= setTimeout(() => {
      isLate = true
      onChange()
    }, settings.fallbackAfterMs)
  }

  /** @throws {MayflyError} ERR_UNAVAILABLE */
  function requireSomeMember(index: number, except: ReadonlySet<Member>): void {
    if ([...members].some((other) => !except.has(other) && (other.pieces?.has(index) ?? true))) return
    // A member that has not reported its pieces yet may have this one.
    const mayCome = members.isSearching || [...members].some(({ hasReported }) => !hasReported)
    if (settings.isPatient || !mayCome) {
      throw new MayflyError('ERR_UNAVAILABLE', 'Cannot get content: nobody who holds it gives the right bytes')
    }
    members.needMore()
  }

  /** Counts the request as in flight. @throws {MayflyError} ERR_UNAVAILABLE */
  function choose(index: number, except: ReadonlySet<Member>, hasWaited: boolean): Member | undefined {
    const member = selection.isAnyFree() ? selection.best(index, { except, isLate: isLate || hasWaited }) : undefined
    if (member === undefined) requireSomeMember(index, except)
    else member.inFlight++
    return member
  }

  async function request(member: Member, index: number, tried: Set<Member>, signal: AbortSignal): Promise<SwarmPiece | undefined> {
    tried.add(member)
    const bytes = await requestFrom(member, index, signal)
    if (bytes !== undefined) return { bytes, from: member.candidate }
    if (members.has(member)) tried.delete(member) // it may be asked again
    return undefined
  }

  /** Requests the piece from the member, and from a second one as well when the first is slow. */
  async function requestHedged(member: Member, index: number, tried: Set<Member>, signal: AbortSignal): Promise<SwarmPiece | undefined> {
    const minMs = member.candidate.isDirect ? settings.minSlowDirectMs : settings.minSlowMs
    const slowMs = Math.max(minMs, (member.latencyMs ?? 0) * (member.inFlight + 1) * settings.slowFactor)
    const first = request(member, index, tried, signal)
    const early = await Promise.race([first, delay(slowMs, { signal }).then(() => 'slow' as const)])
    if (early !== 'slow') return early
    const other = selection.best(index, { except: tried, isUrgent: true })
    if (other === undefined) return first
    other.inFlight++
    return firstPiece([first, request(other, index, tried, signal)], signal)
  }

  return {
    /** False when all holders that can be found were found. */
    get isSearching() {
      return members.isSearching
    },
    /** True when there is no member. */
    get isEmpty() {
      return members.size === 0
    },
    /** The pieces that can be had from downloaders; holders of the whole are left out. */
    feed: members.feed,
    /** Resolves at the next change: a member came or left, has another piece, or is free again. */
    changed: () => change.promise,
    /**
     * The piece to request next, of those wanted: the rarest that a member can be asked for now. Of several that are equal it is any one, so that
     * several downloaders have something for each other; and the first, where this peer alone downloads and others may read what has come.
     */
    pick(wanted: readonly number[]): number | undefined {
      const isWholeFree = selection.isWholeFree()
      const start = members.downloaders > 1 ? Math.floor(random() * wanted.length) : 0
      let rarest: number | undefined
      let fewest = Number.POSITIVE_INFINITY
      for (let i = 0; i < wanted.length; i++) {
        const index = wanted[(start + i) % wanted.length] as number
        const copies = members.copies(index)
        if (copies >= fewest || !((copies === 0 && isWholeFree) || selection.best(index, { isLate }))) continue
        rarest = index
        fewest = copies
      }
      if (rarest === undefined && wanted.length > 0) onNothing()
      return rarest
    },
    /**
     * @throws {MayflyError} ERR_UNAVAILABLE when no member is left that could send it; a patient swarm may be asked again later
     * @throws signal.reason, when aborted
     */
    async piece(index: number, { signal: given }: Required<AbortOptions>): Promise<SwarmPiece> {
      if (stopReason !== undefined) throw stopReason
      const ended = new AbortController()
      const { signal } = ended
      // Composed by hand: `AbortSignal.any` costs several times as much, for each piece.
      const stopListening = onAbort(given, () => ended.abort(given.reason))
      running.add(ended)
      /** Members that this piece was requested from. */
      const tried = new Set<Member>()
      try {
        while (true) {
          const member = await waits.select(index, tried, signal)
          const piece = await requestHedged(member, index, tried, signal)
          if (piece !== undefined) return piece
        }
      } finally {
        stopListening()
        running.delete(ended)
        ended.abort(HERE)
      }
    },
    stop(): void {
      stopReason ??= new Error('the swarm was stopped')
      for (const each of running) each.abort(stopReason)
      clearTimeout(lateTimer)
      members.stop()
    },
  }
}

/** The first request that brings the piece; undefined when none does. */
async function firstPiece(requests: Promise<SwarmPiece | undefined>[], signal: AbortSignal): Promise<SwarmPiece | undefined> {
  try {
    return await Promise.any(
      requests.map(async (each) => {
        const piece = await each
        if (piece === undefined) throw new Error('no piece')
        return piece
      }),
    )
  } catch {
    signal.throwIfAborted()
    return undefined
  }
}
