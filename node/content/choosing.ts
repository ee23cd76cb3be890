/**
 * Whom to ask for a piece: one that receives the content too and has it, else a holder of the whole; the quickest of those that are
 * equal. A reserve counts as a holder of the whole where no tab can be asked directly. So whoever has the whole is spared what receivers can give each other, and nobody waits for one who is slow.
 */

import type { Member, Members } from './members.ts'

export interface ChoosingOptions {
  /** Pieces that one holder is asked for at the same time. */
  maxPerHolder: number
  /** The same for a tab that is asked directly. */
  maxPerDirectHolder: number
  /** Slow is who takes this many times what the quickest holder of the whole takes. */
  slowFactor: number
}

export interface Wish {
  /** Who was asked for this piece already. */
  except?: ReadonlySet<Member>
  /** One was asked already and takes long: whoever is free is good enough. */
  isUrgent?: boolean
  /** It has waited long enough to ask the reserve. */
  isLate?: boolean
}

export interface Choosing {
  /** Whom to ask now; undefined when there is nobody, or nobody free whom it would be right to ask. */
  best(index: number, wish?: Wish): Member | undefined
  /** Whether `best` would name somebody for a piece that only holders of the whole have. */
  isWholeFree(): boolean
}

/** Nobody counts as slow who takes less for a piece, in ms. */
const QUICK_MS = 100

type Kind = 'helper' | 'whole' | 'reserve'

const NOBODY: ReadonlySet<Member> = new Set()

function kindOf({ candidate, pieces }: Member): Kind {
  return candidate.isReserve ? 'reserve' : pieces === undefined ? 'whole' : 'helper'
}

/** When the member would be done with one more piece, in ms from now; who has not been tried yet is done at once. */
function doneMs({ paceMs, asked }: Member): number {
  return paceMs === undefined ? 0 : (asked + 1) * paceMs
}

const has = ({ pieces }: Member, index: number) => pieces?.has(index) ?? true

export function createChoosing(members: Members, { maxPerHolder, maxPerDirectHolder, slowFactor }: ChoosingOptions): Choosing {
  /** Of one that was not tried yet, one piece is asked first. */
  function isFree({ candidate, paceMs, asked }: Member, share: number): boolean {
    const most = candidate.isDirect ? maxPerDirectHolder : maxPerHolder
    return asked < (paceMs === undefined ? 1 : Math.max(1, Math.floor(most * share)))
  }

  /** @param share of what one holder may be asked for at once, the part that may be asked here; one piece at least */
  function quickest(kinds: readonly Kind[], index: number, except: ReadonlySet<Member>, share = 1): Member | undefined {
    let chosen: Member | undefined
    for (const member of members) {
      if (!kinds.includes(kindOf(member)) || except.has(member) || !isFree(member, share) || !has(member, index)) continue
      if (chosen === undefined || doneMs(member) < doneMs(chosen)) chosen = member
    }
    return chosen
  }

  function some(test: (member: Member) => boolean): boolean {
    for (const member of members) if (test(member)) return true
    return false
  }

  function isSlow(member: Member): boolean {
    if (member.failures > 0) return true
    let quickestMs = Number.POSITIVE_INFINITY
    for (const other of members) if (kindOf(other) === 'whole') quickestMs = Math.min(quickestMs, other.paceMs ?? Number.POSITIVE_INFINITY)
    return (member.paceMs ?? 0) > slowFactor * Math.max(quickestMs, QUICK_MS)
  }

  /**
   * The part of what one holder of the whole may be asked for at once: many ask it, and what two of them get at the same time it has
   * given twice.
   */
  function shareOfWhole(): number {
    let helpers = 0
    for (const member of members) if (kindOf(member) === 'helper' && !isSlow(member)) helpers++
    return 1 / (1 + helpers)
  }

  /** While a tab can be asked directly; for a while also before that is known. */
  function isReserveSpared(index: number, isLate: boolean): boolean {
    const others = [...members].filter((member) => kindOf(member) !== 'reserve' && (has(member, index) || !member.isHeard))
    if (others.some(({ candidate, paceMs }) => candidate.isDirect && paceMs !== undefined)) return true
    if (isLate) return false
    return others.length === 0 ? members.isSearching : others.some(({ candidate }) => candidate.isDirect)
  }

  return {
    best(index, { except = NOBODY, isUrgent = false, isLate = false } = {}) {
      const helper = quickest(['helper'], index, except)
      if (helper !== undefined && !isSlow(helper)) return helper
      if (isUrgent) return quickest(['whole'], index, except) ?? helper ?? quickest(['reserve'], index, except)
      // Somebody has it who is only busy with others.
      if (some((member) => kindOf(member) === 'helper' && has(member, index) && !except.has(member) && !isSlow(member))) return undefined
      const isSpared = isReserveSpared(index, isLate)
      const whole = quickest(isSpared ? ['whole'] : ['whole', 'reserve'], index, except, shareOfWhole())
      if (whole !== undefined) return whole
      // Rather wait for a holder of the whole that is busy than for a slow one.
      if (some((member) => kindOf(member) === 'whole' && !except.has(member) && member.failures === 0)) return undefined
      return helper
    },
    isWholeFree: () => quickest(['whole'], 0, NOBODY, shareOfWhole()) !== undefined,
  }
}
