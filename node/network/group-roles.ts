/** Chooses by groups whom a server turns to for a key, and says what it does for others: see node/groups/README.md. */

import type { PeerId } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import type { Timers } from '../async/timers.ts'
import type { GroupSettings } from '../groups/context.ts'
import { createFaults } from '../groups/faults.ts'
import { MAX_GROUP_BITS, type SizeReport } from '../groups/group-bits.ts'
import type { Links } from '../groups/links.ts'
import { groupOf, isNearer, nearestTo, type Place, placeOf, sharedBits } from '../groups/place.ts'
import type { Upkeep } from '../groups/upkeep.ts'
import { type GroupPeer, groupPeer } from './group-streams.ts'

/** A lease that a server has told of, for the home that speaks for its holder; both by their peer ids. */
export interface ToldLease {
  peer: string
  /** Those that the server went by when it told of it; an older one does not say. */
  bits: number | undefined
  home: string
  /** Of the key. */
  position: Uint8Array
}

/** The rank of a delegate without room: below those that were at fault, where nothing stands. */
const LAST = 64
/** Heartbeats to the nearest of one's own group are never rare: they are the first to keep records of the same keys. */
const NEAR_MATES = 8

export interface GroupRolesContext {
  links: Links<GroupPeer>
  upkeep: Pick<Upkeep<GroupPeer>, 'repair' | 'refuse'>
  /** A server has said something of its group at some time: an older one says nothing. */
  hasReported(id: string): boolean
  reportOf(server: GroupPeer): SizeReport
  /** This server has come a moment ago, and may be connected to its entrance alone. */
  isJoining(): boolean
  timers: Pick<Timers, 'now'>
  /** Others are better for keys than before. */
  onRanks(): void
}

export function createGroupRoles(
  { links, upkeep, hasReported, reportOf, isJoining, timers, onRanks }: GroupRolesContext,
  { delegates }: Pick<GroupSettings, 'delegates'>,
) {
  const { self } = links
  const faults = createFaults(timers)
  const placeOfPeer = (peer: string) => (links.get(peer) ?? groupPeer(peerIdFromString(peer))).place

  /** Servers of the key's group that know its record nodes, the best first; where there is none, one that is nearer to it and passes it on. */
  function delegatesAt(place: Place): GroupPeer[] {
    const group = links.groupAt(place)
    const rank = (server: GroupPeer) =>
      (faults.isFull(server.id) ? LAST : faults.countOf(server.id) * 4) + (group.indexOf(server) < delegates ? 0 : 2)
    const able = group
      .filter((server) => links.covers(server, place))
      .sort((a, b) => rank(a) - rank(b) || (isNearer(place, a.place, b.place) ? -1 : 1))
    if (able.length > 0) return able.slice(0, delegates)
    upkeep.repair(groupOf(place, links.bits), place)
    const shared = sharedBits(self.place, place)
    const inGroups = [...links.all()].filter((server) => reportOf(server).bits >= 0)
    const nearer = inGroups.filter((server) => sharedBits(server.place, place) > shared)
    // Nobody turns to a joiner, so what it hands to any server that has come in does not come back.
    return nearer.length === 0 && isJoining() ? nearestTo(place, inGroups, delegates) : nearestTo(place, nearer, 1)
  }

  function isNearMate(link: GroupPeer): boolean {
    if (groupOf(link.place, links.bits) !== links.ownGroup) return false
    let nearer = 0
    for (const mate of links.mates()) if (isNearer(self.place, mate.place, link.place) && ++nearer >= NEAR_MATES) return false
    return true
  }

  return {
    /** True for a server to which heartbeats may be rare while nothing stands there. In a mesh there is none. */
    isFar(peer: string): boolean {
      const link = links.get(peer)
      return link !== undefined && links.bits > 0 && !isJoining() && !isNearMate(link)
    },
    /** True when this node knows the record nodes of a position. One that joins knows some of its own group, which would be the wrong ones. */
    coversHere: (position: Uint8Array) => links.bits === 0 || (links.coversHere(placeOf(position)) && !isJoining()),
    /** The bits that this node goes by, as it says before it tells of leases. One that joins covers nothing: whatever it tells is told on. */
    saidBits: () => (links.bits > 0 && isJoining() ? MAX_GROUP_BITS : links.bits),
    /** The nearest of its own group, nearest first, this node itself among them. A server that says nothing of groups takes no lease that is carried. */
    recordNodes(position: Uint8Array, count: number): { nodes: PeerId[]; isSelf: boolean } {
      const all = links.recordNodes(placeOf(position), count, (server) => hasReported(server.id))
      return { nodes: all.filter((node) => node !== self).map(({ peer }) => peer), isSelf: all.includes(self) }
    },
    delegatesAt: (position: Uint8Array) => delegatesAt(placeOf(position)).map(({ peer }) => peer),
    /** A delegate denied what another one found. */
    onDenied(peer: PeerId) {
      const link = links.get(peer.toString())
      if (link !== undefined && faults.add(link.id)) upkeep.refuse(link)
    },
    /** A delegate has no room for a lease, and says so: another one may have some. */
    onFull(peer: string) {
      const link = links.get(peer)
      if (link !== undefined && !links.isMate(link) && faults.noteFull(peer)) onRanks()
    },
    /** True for a delegate that has had no room lately: where nothing stands at it, it does not lie. */
    isFull: faults.isFull,
    /**
     * True when a lease that the server has told of must be told on: it does not know the record nodes, or does not say whether it does, as an
     * older one that tells of its own. So a lease comes nearer to the key with each server: some that knew nothing of each other have
     * carried one in a ring, which kept it alive after its release.
     */
    mustCarry({ peer, bits, home, position }: ToldLease) {
      if (bits === undefined) return links.bits > 0 && home === peer
      return sharedBits(placeOfPeer(peer), placeOf(position)) < bits
    },
    /**
     * May the server tell of the lease of another home? Undefined: not now, for one of them may have said too little yet. Where the home tells the
     * record nodes itself, nobody else may: a server could keep there what the home has released.
     */
    mayCarry({ peer, bits, home, position }: ToldLease): boolean | undefined {
      const [link, homeLink] = [links.get(peer), links.get(home)]
      if (link === undefined) return links.bits > 0 ? undefined : false
      const isHomeKnown = homeLink !== undefined && hasReported(home)
      const isHomeElsewhere = isHomeKnown && !links.covers(homeLink, placeOf(position))
      if (links.bits === 0 && !isHomeElsewhere) return bits !== undefined || hasReported(peer) ? undefined : false
      return !isHomeKnown || isHomeElsewhere || undefined
    },
  }
}
