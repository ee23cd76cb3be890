/**
 * Keeps a server's links right: mates find each other by comparing notes, missing delegates are replaced, surplus ones closed, the number of bits
 * follows the size of the network, and servers that were lost are dialled again.
 */

import { createBitsLooks } from './bits-looks.ts'
import type { GroupContext, GroupSettings } from './context.ts'
import type { Dialer } from './dialer.ts'
import type { Links } from './links.ts'
import { createLostServers } from './lost-servers.ts'
import { createComparisons } from './mates.ts'
import { groupOf, type Place, type Server, sharedBits } from './place.ts'
import type { Questions } from './questions.ts'
import { createSurplusLinks } from './surplus-links.ts'

/** Between two tries to find a delegate of one group, in ms: from, and more by up to. */
const REPAIR_FROM_MS = 600
const REPAIR_MORE_MS = 400
/** A repair for a key makes no more links to a group than so many times the delegates: those of a group that is being split twice. */
const MAX_LINKS_RATIO = 4
/** One look at surplus links comes to so many comparisons. */
const GOSSIPS_PER_TRIM = 3
/** After a change of bits the missing delegates are looked for within this time, in ms. */
const SPREAD_MS = 2_000

export type Upkeep<S extends Server> = ReturnType<typeof createUpkeep<S>>

export interface UpkeepDialer<S extends Server> extends Pick<Dialer<S>, 'isWanted'> {
  /** Dials a server. @param end hears how that ended. @param terms `isOnce`: one attempt, where others would follow */
  want(server: S, end?: (isOpen: boolean) => void, terms?: { isOnce: true }): void
}

export interface UpkeepParts<S extends Server> {
  links: Links<S>
  questions: Questions<S>
  dialer: UpkeepDialer<S>
  isJoining(): boolean
  /** The number of bits has changed. */
  onBits(): void
  /** False when something stands at the server for this one, or the other way round; what can be moved is moved. */
  letGo(server: S): boolean
}

export type UpkeepContext<S extends Server> = Pick<GroupContext<S>, 'self' | 'timers' | 'random' | 'publish' | 'reportOf' | 'close'>

export function createUpkeep<S extends Server>(context: UpkeepContext<S>, parts: UpkeepParts<S>, settings: GroupSettings) {
  const { self, timers, random, publish } = context
  const { links, questions, dialer, isJoining } = parts
  const { delegates } = settings
  const lost = createLostServers<S>({ timers, isOfUse }, settings.lostMs)
  const { compare, compareSoon, stop } = createComparisons<S>(context, parts, settings.gossipMs)
  const bitsLooks = createBitsLooks<S>(context, { ...parts, setBits, report }, settings)
  const surplus = createSurplusLinks<S>(context, { ...parts, close }, delegates)
  /** Groups for which a delegate is being looked for. Replaced when their numbers change. */
  let repairing = new Set<number>()
  let startedAtMs = 0
  let isStopped = false
  const around = (ms: number) => ms * (0.8 + 0.4 * random())
  const oneOf = <T>(items: readonly T[]): T | undefined => items[Math.floor(random() * items.length)]

  const isMissing = (group: number, near: Place | undefined) => {
    const linked = links.group(group)
    if (near === undefined) return linked.length < delegates
    return linked.length < MAX_LINKS_RATIO * delegates && !linked.some((server) => links.covers(server, near))
  }

  /** A server whose link was closed as surplus at the other end is not, nor is one that has lied. */
  function isOfUse(server: S): boolean {
    const group = groupOf(server.place, links.bits)
    return !lost.isRefused(server) && (group === links.ownGroup || isMissing(group, undefined))
  }

  /** In turns another delegate of the group and a mate: either may lie. A mate names no delegate of its own, which would make hubs. */
  function findIntroducer(group: number): S | undefined {
    const own = links.group(group)
    return (random() < 0.5 ? oneOf(own) : undefined) ?? oneOf(links.mates()) ?? oneOf(own) ?? oneOf([...links.all()])
  }

  /** Looks for a delegate, one at a time for each group. @param near the key that none of those there covers */
  function repair(group: number, near?: Place): void {
    if (isStopped || group === links.ownGroup || group >= links.groupCount || repairing.has(group) || !isMissing(group, near)) return
    const under = repairing
    under.add(group)
    let isDialling = false
    const introducer = findIntroducer(group)
    if (introducer !== undefined) {
      questions.ask(introducer, { type: 'suggest', bits: links.bits, group, ...(near && { near }) }, (answer) => {
        if (answer?.type !== 'servers' || under !== repairing) return
        const server = answer.servers.find(
          (each) => each.id !== self.id && !links.has(each) && !dialer.isWanted(each) && !lost.isRefused(each),
        )
        if (server === undefined || !isMissing(group, near)) return
        isDialling = true
        dialer.want(server, () => {
          isDialling = false
        })
      })
    }
    const again = () => {
      timers.after(REPAIR_FROM_MS + REPAIR_MORE_MS * random(), () => {
        if (isDialling && !isStopped) return again()
        under.delete(group)
        if (under === repairing) repair(group, near)
      })
    }
    again()
  }

  function repairAll(withinMs: number): void {
    const asked = repairing
    for (let group = 0; group < links.groupCount; group++) {
      if (group === links.ownGroup || !isMissing(group, undefined)) continue
      if (withinMs === 0) repair(group)
      else timers.after(withinMs * random(), () => asked === repairing && repair(group))
    }
  }

  function setBits(bits: number): void {
    const isMerge = bits < links.bits
    const before = links.bits
    links.setBits(bits)
    repairing = new Set()
    report()
    if (isMerge) {
      const joined = links.mates().filter((mate) => sharedBits(self.place, mate.place) < before)
      for (let i = 0; i < delegates; i++) compare(joined)
    }
    parts.onBits()
    if (!isJoining()) repairAll(SPREAD_MS)
  }

  function report(): void {
    publish({ bits: isJoining() ? -1 : links.bits, size: links.mates().length + 1 })
  }

  function close(server: S): void {
    lost.forget(server)
    context.close(server)
  }

  function gossip(): void {
    if (isStopped) return
    timers.after(around(settings.gossipMs), gossip)
    compare()
    if (!isJoining() || timers.now() - startedAtMs > settings.joiningMs) repairAll(0)
    if (!isJoining() && random() < 1 / GOSSIPS_PER_TRIM) surplus.trim()
    const again = lost.next(random())
    if (again === undefined) return
    if (links.has(again)) lost.forget(again)
    else dialer.want(again, (isOpen) => isOpen || lost.add(again), { isOnce: true })
  }

  return {
    repair,
    setBits,
    /** A link is closed since this server wants it so, and is not dialled again. */
    close,
    /** Its delegate has lied, and is asked no more for some time. */
    refuse(server: S) {
      lost.refuse(server)
      if (links.has(server) && !links.isMate(server)) close(server)
    },
    report,
    isSpare: surplus.isSpare,
    onLinkEnd(server: S) {
      lost.add(server)
      if (!isJoining()) repair(groupOf(server.place, links.bits))
    },
    /** Closes what a joiner needed only to come in: its entrance, and dials that came twice. @param spare to be closed before others */
    onWhole(spare?: S) {
      report()
      surplus.trimFrom(spare)
      compareSoon()
      bitsLooks.soon()
    },
    onLink(server: S) {
      // A half of a network that fell apart knows servers that the other half has missed.
      if (lost.has(server) && links.isMate(server)) compareSoon()
      lost.forget(server)
      bitsLooks.soon()
    },
    /** A linked server has said something else of its group. */
    onReport: bitsLooks.soon,
    start() {
      startedAtMs = timers.now()
      bitsLooks.start()
      timers.after(settings.gossipMs * random(), gossip)
    },
    stop() {
      isStopped = true
      bitsLooks.stop()
      stop()
    },
  }
}
