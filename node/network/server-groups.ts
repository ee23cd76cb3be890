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
import { createIntroductions } from '../groups/introductions.ts'
import { createLinks } from '../groups/links.ts'
import { createNearestServers } from '../groups/nearest-servers.ts'
import { groupOf, type Place, sharedBits } from '../groups/place.ts'
import { createQuestions } from '../groups/questions.ts'
import { createServerAnswers } from '../groups/server-answers.ts'
import { createUpkeep, type Upkeep } from '../groups/upkeep.ts'
import { createGroupArrival } from './group-arrival.ts'
import { createGroupReach } from './group-reach.ts'
import { createGroupRoles } from './group-roles.ts'
import { createGroupStreams, type GroupPeer, type GroupStreamsContext, type GroupStreamsOptions, groupPeer } from './group-streams.ts'
import type { RoutingTable } from './routing-table.ts'

/** How long an answer is waited for, in ms: longer than in a simulation, since the answerer may have to be dialled. */
const ANSWER_MS = 3_000
/** The same for a question that a find waits for, in ms: the answerer may ask another in turn. */
const NEAREST_MS = 500
/** A joiner with so many mates has come in. */
const READY_MATES = 8
/** Reports of so many servers are remembered: those of all links. */
const MAX_REPORTS = 2_048
/** Changes within this time are one, in ms. */
const SETTLE_MS = 50

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
  dials: {
    /** Dials a server by its signed addresses. @param end hears whether there is a connection */
    want(server: GroupPeer, end?: (isOpen: boolean) => void): void
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
  const changes = createEmitter<void>()
  const own = createOwnReport()
  let startedAtMs = 0
  let isNeeded = (_id: string) => false
  const arrival = createGroupArrival(timers, !isAlone)
  let endSettling: (() => void) | undefined
  let endListening = () => {}

  const streams = createGroupStreams(
    {
      ...context,
      linkOf: links.get,
      answer: (...asked) => answer(...asked),
      onAnswer: (from, turn, given) => questions.onAnswer(from, turn, given),
    },
    options,
    timers,
  )
  const questions = createQuestions<GroupPeer>({ timers, send: streams.send }, ANSWER_MS)
  const introductions = createIntroductions<GroupPeer>({ self, timers, random }, links, questions, settings)
  const nearest = createNearestServers<GroupPeer>({ self, random }, { links, questions }, { ...settings, answerMs: NEAREST_MS })
  const answer = createServerAnswers<GroupPeer>({ links, introductions, nearest, isSpare: (from) => upkeep.isSpare(from) })
  const dialer = { want: wantFor, isWanted: ({ id }: GroupPeer) => dials.isWanted(id) }
  const isJoining = () => links.mates().length < READY_MATES && timers.now() - startedAtMs < settings.joiningMs
  const upkeep: Upkeep<GroupPeer> = createUpkeep<GroupPeer>(
    { self, timers, random, reportOf, close, publish: own.publish },
    { links, questions, dialer, isJoining, onBits, letGo: ({ id, peer }) => !isNeeded(id) && !isBusy(libp2p.getConnections(peer)) },
    settings,
  )

  function onBits(): void {
    context.onBits()
    changed()
  }

  const hasReported = (id: string) => reports.peek(id) !== undefined
  const roles = createGroupRoles({ links, upkeep, hasReported, reportOf, isJoining }, settings)

  function changed(): void {
    endSettling ??= timers.after(SETTLE_MS, () => {
      endSettling = undefined
      changes.emit()
    })
  }

  function close({ peer }: GroupPeer): void {
    for (const connection of libp2p.getConnections(peer)) connection.close().catch(() => {})
  }

  /** All of this server's own group are wanted, and so many delegates of each other. */
  const hasRoom = (place: Place, coming = 0) =>
    sharedBits(place, self.place) >= links.bits || links.groupAt(place).length + coming < settings.delegates

  function wants(peer: PeerId): boolean {
    if (links.bits === 0) return true
    const { place } = groupPeer(peer)
    const group = groupOf(place, links.bits)
    let coming = 0
    for (const wanted of dials.wanted()) if (groupOf(groupPeer(wanted).place, links.bits) === group) coming++
    return hasRoom(place, coming)
  }

  function wantFor(server: GroupPeer, end?: (isOpen: boolean) => void): void {
    if (server.id === self.id || links.get(server.id) !== undefined) return void end?.(links.get(server.id) !== undefined)
    dials.want(server, end)
  }

  const { findNearest, reach } = createGroupReach({ nearest, timers, want: wantFor }, settings.recordNodes)

  /** Takes over which servers are connected. */
  function look(): void {
    const placed = new Map(servers.placed().map(({ name }) => [name.toString(), name]))
    for (const link of [...links.all()]) {
      if (placed.has(link.id)) continue
      links.remove(link)
      upkeep.onLinkEnd(link)
    }
    for (const [id, peer] of placed) {
      if (links.get(id) !== undefined) continue
      const link = groupPeer(peer)
      links.add(link)
      upkeep.onLink(link)
      arrival.begin()
    }
  }

  return {
    get bits() {
      return links.bits
    },
    /** The bits that this node goes by, as it says before it tells of leases; undefined where no groups are formed. */
    saidBits: () => (isAlone ? undefined : links.bits),
    /** This node's word on its group; undefined while it joins, and where no groups are formed. */
    report: () => (own.now.bits < 0 || isAlone ? undefined : own.now),
    /** A server has said how large its group is. */
    onReport(peer: PeerId, report: SizeReport) {
      const id = peer.toString()
      if (report.bits > MAX_GROUP_BITS || isAlone) return
      const before = reports.peek(id)?.bits
      reports.set(id, report)
      const bits = isJoining() ? middleBits(reports.values()) : links.bits
      if (bits !== links.bits) upkeep.setBits(bits)
      arrival.end()
      if (before !== report.bits && links.bits > 0) changed()
    },
    /** Hears when `report` tells of another number of bits. Returns the function that ends it. */
    onOwnBits: own.onBits,
    /** True while servers that others have told of are still to be connected. */
    isAwaiting: () => dials.wanted()[Symbol.iterator]().next().done !== true,
    /** True for a server that is to be connected to. */
    wants,
    /** The same for one that is about to be dialled. */
    isOfUse: (peer: PeerId) => links.bits === 0 || hasRoom(groupPeer(peer).place),
    ...roles,
    findNearest,
    reach,
    /** Resolves when this server, which has come a moment ago, knows whom to ask; undefined where it does, or is alone. */
    arrival: arrival.wait,
    /** Hears when others may be right for a key, though the same servers are connected. Returns the function that ends it. */
    onChange: changes.on,
    /** @param needed true for a server at which something of this node stands, or the other way round */
    attach(needed: (id: string) => boolean) {
      isNeeded = needed
    },
    async start() {
      startedAtMs = timers.now()
      look()
      endListening = servers.onChange(look)
      upkeep.start()
      await streams.start()
    },
    async stop() {
      endListening()
      upkeep.stop()
      questions.stop()
      arrival.end()
      endSettling?.()
      await streams.stop()
    },
  }
}

/** One that joins goes by the middle of what it hears: any server may lie. */
function middleBits(reports: Iterable<SizeReport>): number {
  const told = [...reports].map(({ bits }) => bits).sort((a, b) => a - b)
  return told[Math.floor((told.length - 1) / 2)] ?? 0
}

/** A node's word on its own group. */
function createOwnReport() {
  const news = createEmitter<void>()
  let own = UNKNOWN
  return {
    get now() {
      return own
    },
    publish(report: SizeReport) {
      const isNews = report.bits !== own.bits
      own = report
      if (isNews) news.emit()
    },
    /** Hears of another number of bits. Returns the function that ends it. */
    onBits: news.on,
  }
}

const COMMON = ['/mayfly/presence/', '/mayfly/groups/', '/mayfly/kad/', '/ipfs/', '/libp2p/']
const isCommon = (protocol: string | undefined) => protocol === undefined || COMMON.some((prefix) => protocol.startsWith(prefix))

/** Something else than what all servers have with each other runs over one of the connections. */
const isBusy = (connections: readonly Connection[]) =>
  connections.some(({ streams }) => streams.some(({ protocol }) => !isCommon(protocol)))
