/**
 * Selects the member to request a piece from: a downloader that has it, else a holder of the whole; among equals the one that would be done
 * first. The fallback source counts as a holder of the whole where no tab can be asked directly. So holders of the whole are spared what
 * downloaders can send each other, and no reader waits for a slow member.
 */

import type { Member, Members } from './members.ts'
import type { SwarmSettings } from './swarm-options.ts'

export interface SelectionNeeds {
  /** Members that were asked for this piece already. */
  except?: ReadonlySet<Member>
  /** Another member was asked and is slow: any free one is good enough. */
  isUrgent?: boolean
  /** The piece has waited long enough to be requested from the fallback source. */
  isLate?: boolean
}

/** No member is slow whose latency is below this, in ms. */
const QUICK_MS = 100

/** An idle member's estimated latency is halved each time this has passed, in ms, so that a member that was slow once is tried again. */
const FORGIVE_MS = 5_000

/**
 * Requests to a known holder of the whole that was never asked: so many that its data channel is not idle until the first piece is here. Any other
 * gets one first, since nothing is known of its line, nor whether it can be reached.
 */
const FIRST_REQUESTS = 4

const NO_MEMBERS: ReadonlySet<Member> = new Set()

function kindOf({ candidate, pieces }: Member): 'downloader' | 'whole' | 'fallback' {
  return candidate.isFallback ? 'fallback' : pieces === undefined ? 'whole' : 'downloader'
}

/** Estimated latency of a piece, in ms; undefined for a member that was never asked. */
function latencyOf({ latencyMs, measuredAtMs, inFlight }: Member): number | undefined {
  if (latencyMs === undefined || inFlight > 0) return latencyMs
  return latencyMs * 0.5 ** ((performance.now() - measuredAtMs) / FORGIVE_MS)
}

/** When the member would be done with one more piece, in ms from now. A member that was never asked counts as done at once. */
function doneMs(member: Member): number {
  return (member.inFlight + 1) * (latencyOf(member) ?? 0)
}

const has = ({ pieces }: Member, index: number) => pieces?.has(index) ?? true

export function createSelection(
  members: Members,
  pieceCount: number,
  settings: Pick<SwarmSettings, 'maxPerHolder' | 'maxPerDirectHolder' | 'slowFactor'>,
) {
  const { maxPerHolder, maxPerDirectHolder, slowFactor } = settings

  function isFree(member: Member, share: number): boolean {
    const { candidate, pieces, latencyMs, inFlight } = member
    if (latencyMs === undefined && !candidate.isKnown) return inFlight < 1
    if (latencyMs === undefined && inFlight >= FIRST_REQUESTS) return false
    if (!candidate.isDirect) return inFlight < Math.max(1, Math.floor(maxPerHolder * share))
    if (pieces !== undefined) return inFlight < Math.max(1, Math.floor(maxPerDirectHolder * share))
    return inFlight < maxOfTab(share) && !(members.isGathering && members.piecesFromTabs + inFlight >= pieceCount / members.downloaders)
  }

  /**
   * All downloaders share a tab that has the whole, from the first piece on: presence counts them long before they are connected. Until
   * they are, each takes its part of the whole and no more, since the others will have the rest.
   */
  function maxOfTab(share: number): number {
    return Math.max(1, Math.floor(maxPerDirectHolder * Math.min(share, 1 / Math.max(1, members.downloaders))))
  }

  /** The latency above which a member is slow, in ms. */
  function slowMs(): number {
    let quickestMs = Number.POSITIVE_INFINITY
    for (const member of members)
      if (kindOf(member) === 'whole') quickestMs = Math.min(quickestMs, latencyOf(member) ?? Number.POSITIVE_INFINITY)
    return slowFactor * Math.max(quickestMs, QUICK_MS)
  }

  const isSlow = (member: Member, limitMs: number) => member.failures > 0 || (latencyOf(member) ?? 0) > limitMs

  /** The free member that passes the test and would be done first. */
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
   * The part of its requests in flight that a holder of the whole is asked for: many downloaders ask it, and what two of them get at the
   * same time it has sent twice.
   */
  function shareOfWhole(limitMs: number): number {
    let downloaders = 0
    for (const member of members) if (kindOf(member) === 'downloader' && !isSlow(member, limitMs)) downloaders++
    return 1 / (1 + downloaders)
  }

  /** The fallback source is spared while a tab can be asked directly; for a while also until that is known. */
  function isFallbackSpared(index: number, isLate: boolean): boolean {
    const others = [...members].filter((member) => kindOf(member) !== 'fallback' && (has(member, index) || !member.hasReported))
    if (others.some(({ candidate, latencyMs }) => candidate.isDirect && latencyMs !== undefined)) return true
    if (isLate) return false
    return others.length === 0 ? members.isSearching : others.some(({ candidate }) => candidate.isDirect)
  }

  return {
    /** The member to ask now; undefined when there is none, or when it is better to wait for a busy one. */
    best(index: number, { except = NO_MEMBERS, isUrgent = false, isLate = false }: SelectionNeeds = {}): Member | undefined {
      const limitMs = slowMs()
      const isSpared = isFallbackSpared(index, isLate)
      const share = isUrgent ? 1 : shareOfWhole(limitMs)
      const isDownloader = (member: Member) => kindOf(member) === 'downloader'
      const isWhole = (member: Member) => !isDownloader(member) && !(isSpared && kindOf(member) === 'fallback')
      for (const [isOne, part] of [[isDownloader, 1] as const, [isWhole, share] as const]) {
        const isGood = (member: Member) => isOne(member) && has(member, index) && !except.has(member) && !isSlow(member, limitMs)
        const member = quickest(part, isGood)
        if (member !== undefined) return member
        // It is better to wait for a member that is busy with others than to ask a slow one.
        if (!isUrgent && some(isGood)) return undefined
      }
      const isAny = (member: Member) => has(member, index) && !except.has(member)
      const slow = quickest(share, (member) => isAny(member) && (isDownloader(member) || isWhole(member)))
      return slow ?? (isUrgent ? quickest(1, isAny) : undefined)
    },
    /** False when `best` would select no member, for any piece. */
    isAnyFree: (): boolean => some((member) => isFree(member, 1)),
    /** Whether `best` would select a member for a piece that only holders of the whole have. */
    isWholeFree(): boolean {
      const limitMs = slowMs()
      return quickest(shareOfWhole(limitMs), (member) => kindOf(member) === 'whole' && !isSlow(member, limitMs)) !== undefined
    },
  }
}
