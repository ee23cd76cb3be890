/**
 * The pieces of one content from several holders at once: who is fastest is asked most, who gives wrong bytes or nothing is left out,
 * a piece that its holder is slow with is asked of an idle one too. Each piece is checked before it counts.
 */

import { MayflyError } from '../errors.ts'
import { equalBytes, sha256 } from '../keys/index.ts'
import { raceAbort } from '../network/index.ts'
import type { AbortOptions } from '../types.ts'
import type { AskResult } from './asking.ts'
import type { Candidate } from './candidate.ts'
import { type Outline, pieceHash, pieceSize } from './outline.ts'

export interface SwarmOptions {
  /** Pieces that one holder is asked for at the same time. */
  maxPerHolder?: number
  /** The same for a tab that is asked directly: a data channel is idle unless much is asked of it. */
  maxPerDirectHolder?: number
  /** Holders used at the same time. */
  maxHolders?: number
  /** A piece is asked of another holder as well when it takes this many times what was expected. */
  slowFactor?: number
  /** But not before this long, in ms. */
  minSlowMs?: number
  /** How long a piece waits for somebody better before the reserve is asked, in ms. */
  reserveAfterMs?: number
}

export const SWARM_DEFAULTS: Readonly<Required<SwarmOptions>> = {
  maxPerHolder: 6,
  maxPerDirectHolder: 16,
  maxHolders: 8,
  slowFactor: 4,
  minSlowMs: 1_000,
  reserveAfterMs: 2_500, // a direct dial takes half a second where it succeeds, and much longer where it fails
}

export interface SwarmContext {
  outline: Outline
  candidates(signal: AbortSignal): AsyncIterator<Candidate>
  askPiece(candidate: Candidate, index: number, size: number, signal: AbortSignal): Promise<AskResult>
  /** Who gave the outline has given a piece that fits it, or broke the rules. */
  distrust(candidate: Candidate, reason: string): void
}

export interface Swarm {
  /**
   * @throws {MayflyError} ERR_UNAVAILABLE when nobody is left who could give it
   * @throws signal.reason, when aborted
   */
  piece(index: number, options: Required<AbortOptions>): Promise<{ bytes: Uint8Array; from: Candidate }>
  stop(): void
}

interface Member {
  candidate: Candidate
  asked: number
  /** How long a piece takes from here, in ms, smoothed; undefined before the first. */
  paceMs: number | undefined
  /** Pieces that did not come, in a row. */
  failures: number
}

/** Who lets so many pieces in a row fail is not asked again; who gives wrong bytes, not once more. */
const MAX_FAILURES = 3

/** How much of the newest measurement counts. */
const SMOOTHING = 0.3

export function createSwarm(context: SwarmContext, options: SwarmOptions = {}): Swarm {
  const { outline } = context
  const settings = { ...SWARM_DEFAULTS, ...options }
  const stopped = new AbortController()
  const source = context.candidates(stopped.signal)
  /** Bounded: maxHolders. */
  const members = new Set<Member>()
  let recruiting: Promise<void> | undefined
  let exhausted = false
  let wake = Promise.withResolvers<void>()

  const changed = () => {
    wake.resolve()
    wake = Promise.withResolvers()
  }

  /** Looks for one more holder, one search at a time. */
  function recruit(): void {
    if (exhausted || recruiting !== undefined || members.size >= settings.maxHolders) return
    recruiting = source
      .next()
      .then(
        ({ value, done }) => {
          if (done) exhausted = true
          else members.add({ candidate: value, asked: 0, paceMs: undefined, failures: 0 })
        },
        () => {
          exhausted = true
        },
      )
      .finally(() => {
        recruiting = undefined
        changed()
        if (members.size < settings.maxHolders) recruit()
      })
  }

  /** A reserve is spared while a tab can be asked directly; for a while also before that is known. */
  function isReserveSpared(late: boolean): boolean {
    const others = [...members].filter(({ candidate }) => !candidate.isReserve)
    if (others.some(({ candidate, paceMs }) => candidate.isDirect && paceMs !== undefined)) return true
    if (late) return false
    return others.length === 0 ? !exhausted : others.some(({ candidate }) => candidate.isDirect)
  }

  /** The member that would be done first with one more piece; who has not been tried yet comes first. */
  function best(except: ReadonlySet<Member>, isSpared: boolean): Member | undefined {
    let chosen: Member | undefined
    let chosenMs = Number.POSITIVE_INFINITY
    for (const member of members) {
      const room = member.candidate.isDirect ? settings.maxPerDirectHolder : settings.maxPerHolder
      if (except.has(member) || member.asked >= room || (isSpared && member.candidate.isReserve)) continue
      if (member.paceMs === undefined && member.asked > 0) continue
      const doneMs = member.paceMs === undefined ? 0 : (member.asked + 1) * member.paceMs
      if (doneMs < chosenMs) {
        chosen = member
        chosenMs = doneMs
      }
    }
    return chosen
  }

  /** The member counts as asked from here on: who wakes at the same moment must see it. */
  async function choose(except: ReadonlySet<Member>, signal: AbortSignal): Promise<Member> {
    let late = false
    const timer = setTimeout(() => {
      late = true
      changed()
    }, settings.reserveAfterMs)
    try {
      while (true) {
        signal.throwIfAborted()
        const member = best(except, isReserveSpared(late))
        if (member !== undefined) {
          member.asked++
          return member
        }
        recruit()
        const left = [...members].some((candidate) => !except.has(candidate))
        if (!left && exhausted) throw new MayflyError('ERR_UNAVAILABLE', 'Cannot get content: nobody who holds it gives the right bytes')
        await raceAbort(wake.promise, signal)
      }
    } finally {
      clearTimeout(timer)
    }
  }

  function fail(member: Member, reason: string | undefined): void {
    member.paceMs = (member.paceMs ?? settings.minSlowMs) * 2
    if (++member.failures < MAX_FAILURES) return
    members.delete(member)
    if (reason !== undefined) context.distrust(member.candidate, reason)
  }

  /** True bytes, or undefined when the member gave none and is out. Its `asked` has been counted up before. */
  async function ask(member: Member, index: number, signal: AbortSignal): Promise<Uint8Array | undefined> {
    const size = pieceSize(outline, index)
    const startedAtMs = performance.now()
    try {
      const result = await context.askPiece(member.candidate, index, size, signal)
      if ('bytes' in result && equalBytes(await sha256(result.bytes), pieceHash(outline, index))) {
        const tookMs = performance.now() - startedAtMs
        member.paceMs = member.paceMs === undefined ? tookMs : (1 - SMOOTHING) * member.paceMs + SMOOTHING * tookMs
        member.failures = 0
        return result.bytes
      }
      if ('bytes' in result) {
        members.delete(member)
        context.distrust(member.candidate, `wrong bytes for piece ${index}`)
      } else if ('unreachable' in result && member.candidate.isDirect)
        members.delete(member) // gone, or behind a wall: no lie, and no reason to wait for it again
      else fail(member, 'broken' in result ? result.broken : 'unreachable' in result ? result.unreachable : undefined)
      return undefined
    } catch (error) {
      signal.throwIfAborted()
      fail(member, error instanceof Error ? error.message : String(error))
      return undefined
    } finally {
      member.asked--
      changed()
    }
  }

  return {
    async piece(index, { signal: given }) {
      const won = new AbortController()
      const signal = AbortSignal.any([given, stopped.signal, won.signal])
      /** Whom this piece was asked of already. */
      const tried = new Set<Member>()
      try {
        while (true) {
          const member = await choose(tried, signal)
          tried.add(member)
          const first = ask(member, index, signal)
          first.catch(() => {})
          const slowMs = Math.max(
            member.candidate.isDirect ? settings.reserveAfterMs : settings.minSlowMs,
            (member.paceMs ?? 0) * (member.asked + 1) * settings.slowFactor,
          )
          const inTime = await Promise.race([first, delay(slowMs, signal)])
          if (inTime instanceof Uint8Array) return { bytes: inTime, from: member.candidate }
          if (inTime === undefined) {
            if (members.has(member)) tried.delete(member)
            continue
          }
          const other = best(tried, true) ?? best(tried, false)
          if (other === undefined) {
            recruit()
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
      source.return?.(undefined)?.catch(() => {})
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
