/**
 * The pieces of one content from several holders at once, of which some have only some pieces: who is fastest is asked most, who gives
 * wrong bytes or nothing is left out, a piece that its holder is slow with is asked of an idle one too. Holders of the whole are spared
 * what others can give, and a reserve what anybody can. Each piece is checked before it counts. Who the holders are is left to `members.ts`.
 */

import { MayflyError } from '../../errors.ts'
import { equalBytes, sha256 } from '../../keys/index.ts'
import { raceAbort } from '../../network/index.ts'
import type { AbortOptions } from '../../types.ts'
import { pieceCount, pieceHash, pieceSize } from '../format/outline.ts'
import type { AskResult } from '../protocol/asking.ts'
import type { Candidate } from '../protocol/candidate.ts'
import { createChoosing } from './choosing.ts'
import { createMembers, MEMBERS_DEFAULTS, type Member, type MembersContext, type MembersOptions } from './members.ts'

export interface SwarmOptions extends MembersOptions {
  /** Pieces that one holder is asked for at the same time. */
  maxPerHolder?: number
  /** The same for a tab that is asked directly: a data channel is idle unless much is asked of it. */
  maxPerDirectHolder?: number
  /** A piece is asked of another holder as well when it takes this many times what was expected. */
  slowFactor?: number
  /** But not before this long, in ms. */
  minSlowMs?: number
  /** The same for a tab that is asked directly. */
  minSlowDirectMs?: number
  /** How long a piece waits for somebody better before the reserve is asked, in ms. */
  reserveAfterMs?: number
}

export const SWARM_DEFAULTS = {
  maxPerHolder: 6,
  maxPerDirectHolder: 16,
  slowFactor: 4,
  minSlowMs: 1_000,
  minSlowDirectMs: 5_000, // many tabs on a slow machine or line: each piece that is asked for twice is one copy more for the sender
  reserveAfterMs: 2_500, // a direct dial takes half a second where it succeeds, and much longer where it fails
} as const satisfies SwarmOptions

export interface SwarmContext extends Omit<MembersContext, 'onChange'> {
  askPiece(candidate: Candidate, index: number, size: number, signal: AbortSignal): Promise<AskResult>
  random(): number
}

export interface Swarm {
  /**
   * @throws {MayflyError} ERR_UNAVAILABLE when nobody is left who could give it; a patient swarm may be asked again later
   * @throws signal.reason, when aborted
   */
  piece(index: number, options: Required<AbortOptions>): Promise<{ bytes: Uint8Array; from: Candidate }>
  /** The piece to ask for next, of those wanted: the rarest that somebody can be asked for now, any of several that are equal. */
  pick(wanted: readonly number[]): number | undefined
  /** Resolves at the next change: somebody came or went, has another piece, or is free again. */
  changed(): Promise<void>
  /** False when all holders that can be found were met. */
  readonly isSearching: boolean
  /** True when there is nobody to ask. */
  readonly isEmpty: boolean
  stop(): void
}

/** Who lets so many pieces in a row fail is not asked again; who gives wrong bytes, not once more. */
const MAX_FAILURES = 3

/** How much of the newest measurement counts. */
const SMOOTHING = 0.3
export function createSwarm(context: SwarmContext, options: SwarmOptions = {}): Swarm {
  const { outline } = context
  const settings = { ...SWARM_DEFAULTS, isPatient: MEMBERS_DEFAULTS.isPatient, ...options }
  const stopped = new AbortController()
  let wake = Promise.withResolvers<void>()

  const changed = () => {
    wake.resolve()
    wake = Promise.withResolvers()
  }
  const members = createMembers({ ...context, onChange: changed }, options)
  const choosing = createChoosing(members, { ...settings, pieceCount: pieceCount(outline) })
  /** Nothing could be asked for so long that the reserve is asked. */
  let isLate = false
  let lateTimer: ReturnType<typeof setTimeout> | undefined

  /** Whom to ask, with the piece counted as asked already. */
  async function choose(index: number, except: ReadonlySet<Member>, signal: AbortSignal): Promise<Member> {
    let hasWaited = false
    const timer = setTimeout(() => {
      hasWaited = true
      changed()
    }, settings.reserveAfterMs)
    try {
      while (true) {
        signal.throwIfAborted()
        const member = choosing.best(index, { except, isLate: isLate || hasWaited })
        if (member !== undefined) {
          member.asked++
          return member
        }
        refuseIfNobody(index, except)
        await raceAbort(wake.promise, signal)
      }
    } finally {
      clearTimeout(timer)
    }
  }

  /** @throws {MayflyError} ERR_UNAVAILABLE */
  function refuseIfNobody(index: number, except: ReadonlySet<Member>): void {
    if ([...members].some((other) => !except.has(other) && (other.pieces?.has(index) ?? true))) return
    // Who has not said yet which pieces it has may have this one.
    const mayCome = members.isSearching || [...members].some(({ isHeard }) => !isHeard)
    if (settings.isPatient || !mayCome) {
      throw new MayflyError('ERR_UNAVAILABLE', 'Cannot get content: nobody who holds it gives the right bytes')
    }
    members.starve()
  }

  /** Nothing can be asked for: whoever is full makes room, and after a while the reserve may be asked. */
  function onNothing(): void {
    for (const { asked } of members) if (asked > 0) return
    members.starve()
    lateTimer ??= setTimeout(() => {
      isLate = true
      changed()
    }, settings.reserveAfterMs)
  }

  function onGiven(member: Member): void {
    members.onGiven(member)
    if (member.candidate.isReserve) return
    clearTimeout(lateTimer)
    lateTimer = undefined
    isLate = false
  }

  function setPace(member: Member, paceMs: number): void {
    member.paceMs = paceMs
    member.pacedAtMs = performance.now()
  }

  function fail(member: Member, reason: string | undefined): void {
    setPace(member, (member.paceMs ?? settings.minSlowMs) * 2)
    if (++member.failures < MAX_FAILURES) return
    members.drop(member, 'failure')
    if (reason !== undefined) context.distrust(member.candidate, reason)
  }

  /** True bytes, or undefined when the member, for whom the piece is counted already, gave none. */
  async function ask(member: Member, index: number, signal: AbortSignal): Promise<Uint8Array | undefined> {
    const size = pieceSize(outline, index)
    const startedAtMs = performance.now()
    const tookMs = () => performance.now() - startedAtMs
    try {
      const result = await context.askPiece(member.candidate, index, size, signal)
      if ('bytes' in result && equalBytes(await sha256(result.bytes), pieceHash(outline, index))) {
        setPace(member, member.paceMs === undefined ? tookMs() : (1 - SMOOTHING) * member.paceMs + SMOOTHING * tookMs())
        member.failures = 0
        onGiven(member)
        return result.bytes
      }
      if ('bytes' in result) {
        members.drop(member, 'lie')
        context.distrust(member.candidate, `wrong bytes for piece ${index}`)
      } else if ('unreachable' in result && member.candidate.isDirect)
        members.drop(member, 'unreachable') // gone, or behind a wall, or only too busy: no lie, and no reason to wait for it now
      else fail(member, 'broken' in result ? result.broken : 'unreachable' in result ? result.unreachable : undefined)
      return undefined
    } catch (error) {
      if (signal.aborted) {
        // Another was quicker, though it was asked later: it takes at least so long from here.
        if (tookMs() >= settings.minSlowMs) setPace(member, Math.max(member.paceMs ?? 0, tookMs()))
        throw signal.reason
      }
      fail(member, error instanceof Error ? error.message : String(error))
      return undefined
    } finally {
      member.asked--
      changed()
    }
  }

  return {
    get isSearching() {
      return members.isSearching
    },
    get isEmpty() {
      return members.size === 0
    },
    changed: () => wake.promise,
    pick(wanted) {
      const isWholeFree = choosing.isWholeFree()
      const start = Math.floor(context.random() * wanted.length)
      let rarest: number | undefined
      let fewest = Number.POSITIVE_INFINITY
      for (let i = 0; i < wanted.length; i++) {
        const index = wanted[(start + i) % wanted.length] as number
        const copies = members.copies(index)
        if (copies >= fewest || !((copies === 0 && isWholeFree) || choosing.best(index, { isLate }))) continue
        rarest = index
        fewest = copies
      }
      if (rarest === undefined && wanted.length > 0) onNothing()
      return rarest
    },
    async piece(index, { signal: given }) {
      const won = new AbortController()
      const signal = AbortSignal.any([given, stopped.signal, won.signal])
      /** Whom this piece was asked of already. */
      const tried = new Set<Member>()
      try {
        while (true) {
          const member = await choose(index, tried, signal)
          tried.add(member)
          const first = ask(member, index, signal)
          first.catch(() => {})
          const slowMs = Math.max(
            member.candidate.isDirect ? settings.minSlowDirectMs : settings.minSlowMs,
            (member.paceMs ?? 0) * (member.asked + 1) * settings.slowFactor,
          )
          const inTime = await Promise.race([first, delay(slowMs, signal)])
          if (inTime instanceof Uint8Array) return { bytes: inTime, from: member.candidate }
          if (inTime === undefined) {
            if (members.has(member)) tried.delete(member)
            continue
          }
          const other = choosing.best(index, { except: tried, isUrgent: true })
          if (other === undefined) {
            const late = await first
            if (late !== undefined) return { bytes: late, from: member.candidate }
            if (members.has(member)) tried.delete(member)
            continue
          }
          tried.add(other)
          other.asked++
          const second = ask(other, index, signal)
          second.catch(() => {})
          const winner = await firstOf([
            [first, member],
            [second, other],
          ])
          if (winner !== undefined) return winner
          for (const each of [member, other]) if (members.has(each)) tried.delete(each)
        }
      } finally {
        won.abort(new Error('the piece is here'))
      }
    },
    stop() {
      stopped.abort(new Error('nobody reads any more'))
      clearTimeout(lateTimer)
      members.stop()
    },
  }
}

async function firstOf(asks: [Promise<Uint8Array | undefined>, Member][]): Promise<{ bytes: Uint8Array; from: Candidate } | undefined> {
  const pending = new Map(asks.map(([promise, member], i) => [i, promise.then((bytes) => ({ i, bytes, member }))]))
  while (pending.size > 0) {
    const { i, bytes, member } = await Promise.race(pending.values())
    if (bytes !== undefined) return { bytes, from: member.candidate }
    pending.delete(i)
  }
  return undefined
}

function delay(ms: number, signal: AbortSignal): Promise<'slow'> {
  return new Promise((resolve, reject) => {
    const onAbort = () => {
      clearTimeout(timer)
      reject(signal.reason)
    }
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', onAbort)
      resolve('slow')
    }, ms)
    signal.addEventListener('abort', onAbort, { once: true })
  })
}
