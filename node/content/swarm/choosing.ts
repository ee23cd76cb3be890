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
  /** Pieces of the content. */
  pieceCount: number
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

const NOBODY: ReadonlySet<Member> = new Set()

function kindOf({ candidate, pieces }: Member): 'helper' | 'whole' | 'reserve' {
  return candidate.isReserve ? 'reserve' : pieces === undefined ? 'whole' : 'helper'
}

/** Who is asked for nothing counts as twice as quick after each of these, in ms: who was slow once is tried again. */
const FORGIVE_MS = 5_000

/** How long a piece takes from here, in ms; undefined for one that was not tried yet. */
function paceOf({ paceMs, pacedAtMs, asked }: Member): number | undefined {
  if (paceMs === undefined || asked > 0) return paceMs
  return paceMs * 0.5 ** ((performance.now() - pacedAtMs) / FORGIVE_MS)
}

/** When the member would be done with one more piece, in ms from now; who has not been tried yet is done at once. */
function doneMs(member: Member): number {
  return (member.asked + 1) * (paceOf(member) ?? 0)
}

const has = ({ pieces }: Member, index: number) => pieces?.has(index) ?? true

export function createChoosing(members: Members, { maxPerHolder, maxPerDirectHolder, pieceCount, slowFactor }: ChoosingOptions): Choosing {
  /** Of one that was not tried yet, one piece is asked first. */
  function isFree(member: Member, share: number): boolean {
    const { candidate, pieces, paceMs, asked } = member
    if (paceMs === undefined) return asked < 1
    if (!candidate.isDirect) return asked < Math.max(1, Math.floor(maxPerHolder * share))
    if (pieces !== undefined) return asked < Math.max(1, Math.floor(maxPerDirectHolder * share))
    return asked < mostOfTab(share) && !(members.isGathering && members.givenByTabs + asked >= pieceCount / members.receivers)
  }

  /**
   * A tab that has the whole is shared with all who receive it, from the first piece on: they know of each other by presence long before
   * they are connected. Until they are, each takes its part of the whole and no more, for the others will have the rest.
   */
  function mostOfTab(share: number): number {
    return Math.max(1, Math.floor(maxPerDirectHolder * Math.min(share, 1 / Math.max(1, members.receivers))))
  }

  /** Who takes longer for a piece is slow: much longer than the quickest holder of the whole. In ms. */
  function slowMs(): number {
    let quickestMs = Number.POSITIVE_INFINITY
    for (const member of members)
      if (kindOf(member) === 'whole') quickestMs = Math.min(quickestMs, paceOf(member) ?? Number.POSITIVE_INFINITY)
    return slowFactor * Math.max(quickestMs, QUICK_MS)
  }

  const isSlow = (member: Member, limitMs: number) => member.failures > 0 || (paceOf(member) ?? 0) > limitMs

  /** Of those who pass the test and are free, the one that would be done first. */
  function quickest(share: number, test: (member: Member) => boolean): Member | undefined {
    let chosen: Member | undefined
    for (const member of members) {
      if (!isFree(member, share) || !test(member)) continue
      if (chosen === undefined || doneMs(member) < doneMs(chosen)) chosen = member
    }
    return chosen
  }

  function some(test: (member: Member) => boolean): boolean {
    for (const member of members) if (test(member)) return true
    return false
  }

  /**
   * The part of what one holder of the whole may be asked for at once: many ask it, and what two of them get at the same time it has
   * given twice.
   */
  function shareOfWhole(limitMs: number): number {
    let helpers = 0
    for (const member of members) if (kindOf(member) === 'helper' && !isSlow(member, limitMs)) helpers++
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
      const limitMs = slowMs()
      const isSpared = isReserveSpared(index, isLate)
      const share = isUrgent ? 1 : shareOfWhole(limitMs)
      const isHelper = (member: Member) => kindOf(member) === 'helper'
      const isWhole = (member: Member) => !isHelper(member) && !(isSpared && kindOf(member) === 'reserve')
      for (const [isOne, part] of [[isHelper, 1] as const, [isWhole, share] as const]) {
        const isGood = (member: Member) => isOne(member) && has(member, index) && !except.has(member) && !isSlow(member, limitMs)
        const member = quickest(part, isGood)
        if (member !== undefined) return member
        // Rather wait for somebody who is only busy with others than for one who is slow.
        if (!isUrgent && some(isGood)) return undefined
      }
      const isAny = (member: Member) => has(member, index) && !except.has(member)
      const slow = quickest(share, (member) => isAny(member) && (isHelper(member) || isWhole(member)))
      return slow ?? (isUrgent ? quickest(1, isAny) : undefined)
    },
    isWholeFree() {
      const limitMs = slowMs()
      return quickest(shareOfWhole(limitMs), (member) => kindOf(member) === 'whole' && !isSlow(member, limitMs)) !== undefined
    },
  }
}
