/**
 * A node's part in its group (node/groups), live: whom it keeps connections to, how many bits name a group, who is asked for a key. With 0 bits,
 * as in any network whose nodes do not ask for more, all servers are one group, each connected to all others.
 */

import type { Connection, Libp2p, PeerId } from '@libp2p/interface'
import { createEmitter } from '../async/emitter.ts'
import { createRecentMap } from '../async/recent-map.ts'
import { TIMERS, type Timers } from '../async/timers.ts'
import { GROUP_DEFAULTS, type GroupOptions } from '../groups/context.ts'
import { MAX_GROUP_BITS, type SizeReport } from '../groups/group-bits.ts'
import { createLinks, type Links } from '../groups/links.ts'
import { groupOf, type Place, sharedBits } from '../groups/place.ts'
import { createUpkeep, type Upkeep } from '../groups/upkeep.ts'
import { createGroupArrival } from './group-arrival.ts'
import { createGroupJoining, type GroupJoining } from './group-joining.ts'
import { createGroupQuestions } from './group-questions.ts'
import { createGroupReach } from './group-reach.ts'
import { createGroupRoles } from './group-roles.ts'
import { type GroupPeer, type GroupStreamsContext, type GroupStreamsOptions, groupPeer } from './group-streams.ts'
import type { RoutingTable } from './routing-table.ts'
import type { BriefTerms } from './server-dials.ts'
import type { ServerRecord } from './server-record.ts'

/** Reports of so many servers are remembered: those of all links. */
const MAX_REPORTS = 2_048
/** Changes within this time are one, in ms. */
const SETTLE_MS = 50
/** Another size is told within this time, in ms: heartbeats may be rare, and groups are split by what others say of theirs. */
const SIZE_NEWS_MS = 3_000

/**
 * The default of `splitFloor`, until whole runs of the tests have shown groups to be sound: this node takes all servers for one group, and says
 * nothing of it, as older versions do.
 */
const NEVER = Number.MAX_SAFE_INTEGER

const UNKNOWN: SizeReport = { bits: -1, size: 1 }

export type ServerGroupsOptions = GroupOptions & GroupStreamsOptions

export interface ServerGroupsContext extends Pick<GroupStreamsContext, 'recordOf' | 'openRecord'> {
  libp2p: Pick<Libp2p, 'peerId' | 'getConnections' | 'dial' | 'handle' | 'unhandle'>
  servers: Pick<RoutingTable, 'placed' | 'onChange'>
  /** The signed addresses of another server, as long as they are known. */
  knownRecord(id: string): ServerRecord | undefined
  dials: {
    /** Dials a server by its signed addresses. @param end hears whether there is a connection */
    want(server: GroupPeer, end?: (isOpen: boolean) => void, terms?: BriefTerms): void
    isWanted(id: string): boolean
    /** Servers that wait to be dialled, or are being dialled. */
    wanted(): Iterable<PeerId>
  }
  /** Others are wanted from now on. */
  onBits(): void
  random(): number
}

export type ServerGroups = ReturnType<typeof createServerGroups>

export function createServerGroups(context: ServerGroupsContext, options: ServerGroupsOptions = {}, timers: Timers = TIMERS) {
  const { libp2p, servers, dials, random } = context
  const settings = { ...GROUP_DEFAULTS, splitFloor: NEVER, ...options }
  const isAlone = settings.splitFloor >= NEVER
  const self = groupPeer(libp2p.peerId)
  const reports = createRecentMap<string, SizeReport>({ maxEntries: MAX_REPORTS })
  const reportOf = ({ id }: GroupPeer) => reports.peek(id) ?? UNKNOWN
  const links = createLinks<GroupPeer>(self, reportOf)
  const changes = createChanges(timers)
  const own = createOwnReport(timers, random)
  const isJoining = () => !isAlone && joining.isJoining
  let isNeeded = (_id: string) => false
  const arrival = createGroupArrival(timers, !isAlone)
  let endListening = () => {}

  const { streams, questions, nearest } = createGroupQuestions(
    { ...context, ...{ self, timers, links, isAlone, isJoining, reportOf, isSpare: (from) => upkeep.isSpare(from) } },
    { ...settings, ...options },
  )
  const dialer = { want: wantFor, isWanted: ({ id }: GroupPeer) => dials.isWanted(id) }
  const upkeep: Upkeep<GroupPeer> = createUpkeep<GroupPeer>(
    { self, timers, random, reportOf, close: createClose(libp2p), publish: own.publish },
    { links, questions, dialer, isJoining, onBits, letGo: ({ id, peer }) => !isNeeded(id) && !isBusy(libp2p.getConnections(peer)) },
    settings,
  )

  const joining: GroupJoining = createGroupJoining(
    {
      ...{ links, questions, timers, reportOf, want: wantFor },
      isDialled: (peer) => libp2p.getConnections(peer).some(({ direction }) => direction === 'outbound'),
      onBits(bits, from) {
        if (!hasReported(from.id)) takeReport(from.id, { bits, size: 1 })
      },
      onEnd(isIn, spare) {
        if (isIn) arrival.enter()
        if (isIn) upkeep.onWhole(spare)
        onBits()
      },
    },
    settings.joiningMs,
  )

  function onBits(): void {
    context.onBits()
    changes.tell()
  }

  /** A joiner goes by the middle of what it hears: any server may lie. */
  function takeReport(id: string, report: SizeReport): void {
    reports.set(id, report)
    const bits = isJoining() ? middleBits(reports.values()) : links.bits
    if (bits !== links.bits) upkeep.setBits(bits)
  }

  const hasReported = (id: string) => reports.peek(id) !== undefined
  const roles = createGroupRoles({ links, upkeep, hasReported, reportOf, isJoining, timers, onRanks: changes.tell }, settings)

  const { hasRoom, wants } = createWanted({ links, wanted: dials.wanted, isLed: () => joining.isLed }, settings.delegates)
  function wantFor(server: GroupPeer, end?: (isOpen: boolean) => void, terms?: BriefTerms): void {
    if (server.id === self.id || links.get(server.id) !== undefined) return void end?.(links.get(server.id) !== undefined)
    dials.want(server, end, terms)
  }

  const { findNearest, reach } = createGroupReach({ nearest, timers, want: wantFor }, settings.recordNodes)

  /** Takes over which servers are connected. */
  function look(): void {
    const placed = new Map(servers.placed().map(({ name }) => [name.toString(), name]))
    for (const link of [...links.all()]) {
      if (placed.has(link.id)) continue
      links.remove(link)
      const record = context.knownRecord(link.id)
      upkeep.onLinkEnd({ ...link, ...(record && { record }) }) // for an hour of dials: nobody else may remember it so long
    }
    for (const [id, peer] of placed) {
      if (links.get(id) !== undefined) continue
      const link = groupPeer(peer)
      links.add(link)
      upkeep.onLink(link)
      arrival.begin()
    }
    if (!isAlone) joining.onLinks()
  }

  return {
    get bits() {
      return links.bits
    },
    ...roles,
    /** The bits that this node goes by, as it says before it tells of leases; undefined where no groups are formed. */
    saidBits: () => (isAlone ? undefined : roles.saidBits()),
    /** This node has come a moment ago, and knows a part of its group. */
    get isJoining() {
      return isJoining()
    },
    /** This node's word on its group; undefined while it joins, and where no groups are formed. */
    report: () => (own.now.bits < 0 || isAlone ? undefined : own.now),
    /** A server has said how large its group is. */
    onReport(peer: PeerId, report: SizeReport) {
      const id = peer.toString()
      if (report.bits > MAX_GROUP_BITS || isAlone) return
      const before = reports.peek(id)
      takeReport(id, report)
      if (before?.bits !== report.bits || before.size !== report.size) upkeep.onReport()
      joining.begin()
      arrival.onWord()
      if (before?.bits !== report.bits && links.bits > 0) changes.tell()
    },
    /** Hears when `report` tells what others are to know before the next heartbeat. Returns the function that ends it. */
    onOwnNews: own.onNews,
    /** True while servers that others have told of are still to be connected. */
    isAwaiting: () => dials.wanted()[Symbol.iterator]().next().done !== true,
    /** True for a server that is to be connected to. */
    wants,
    /** The same for one that is about to be dialled. */
    isOfUse: (peer: PeerId) => links.bits === 0 || hasRoom(groupPeer(peer).place),
    findNearest,
    reach,
    /** Of this server, which has come a moment ago; undefined where it is in its group, or alone. */
    arrival: arrival.now,
    /** Another server has greeted this one. */
    onGreeting: arrival.onGreeting,
    /** Hears when others may be right for a key, though the same servers are connected. Returns the function that ends it. */
    onChange: changes.on,
    /** @param needed true for a server at which something of this node stands, or the other way round */
    attach(needed: (id: string) => boolean) {
      isNeeded = needed
    },
    async start() {
      look()
      endListening = servers.onChange(look)
      upkeep.start()
      await streams.start()
    },
    async stop() {
      endListening()
      upkeep.stop()
      joining.stop()
      questions.stop()
      own.stop()
      arrival.enter()
      changes.stop()
      await streams.stop()
    },
  }
}

const createClose = (libp2p: ServerGroupsContext['libp2p']) => (server: GroupPeer) => {
  for (const connection of libp2p.getConnections(server.peer)) connection.close().catch(() => {})
}

/** A server is to be connected to all of its own group, and to so many delegates of each other. */
function createWanted(
  { links, wanted, isLed }: { links: Links<GroupPeer>; wanted(): Iterable<PeerId>; isLed(): boolean },
  delegates: number,
) {
  const { place: own } = links.self
  const hasRoom = (place: Place, coming = 0) => sharedBits(place, own) >= links.bits || links.groupAt(place).length + coming < delegates
  return {
    hasRoom,
    wants(peer: PeerId): boolean {
      if (links.bits === 0) return true
      const { place } = groupPeer(peer)
      const group = groupOf(place, links.bits)
      if (isLed()) return group === links.ownGroup
      let coming = 0
      for (const each of wanted()) if (groupOf(groupPeer(each).place, links.bits) === group) coming++
      return hasRoom(place, coming)
    },
  }
}

function middleBits(reports: Iterable<SizeReport>): number {
  const told = [...reports].map(({ bits }) => bits).sort((a, b) => a - b)
  return told[Math.floor((told.length - 1) / 2)] ?? 0
}

/** Others may be right for a key now: changes that come together are told once. */
function createChanges(timers: Pick<Timers, 'after'>) {
  const news = createEmitter<void>()
  let endWait: (() => void) | undefined
  return {
    on: news.on,
    tell() {
      endWait ??= timers.after(SETTLE_MS, () => {
        endWait = undefined
        news.emit()
      })
    },
    stop: () => endWait?.(),
  }
}

/** A node's word on its own group. */
function createOwnReport(timers: Timers, random: () => number) {
  const news = createEmitter<void>()
  let own = UNKNOWN
  let endWait: (() => void) | undefined

  function tell(): void {
    endWait?.()
    endWait = undefined
    news.emit()
  }

  return {
    get now() {
      return own
    },
    publish(report: SizeReport) {
      const before = own
      own = report
      if (own.bits !== before.bits) tell()
      else if (own.bits > 0 && own.size !== before.size) endWait ??= timers.after(SIZE_NEWS_MS * random(), tell)
    },
    stop: () => endWait?.(),
    /** Hears of another number of bits at once, and of another size soon. Returns the function that ends it. */
    onNews: news.on,
  }
}

const COMMON = ['/mayfly/presence/', '/mayfly/groups/', '/mayfly/kad/', '/ipfs/', '/libp2p/']
const isCommon = (protocol: string | undefined) => protocol === undefined || COMMON.some((prefix) => protocol.startsWith(prefix))

/** Something else than what all servers have with each other runs over one of the connections. */
const isBusy = (connections: readonly Connection[]) =>
  connections.some(({ streams }) => streams.some(({ protocol }) => !isCommon(protocol)))
