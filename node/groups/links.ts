/**
 * The servers that this one is connected to, by group. Those of its own group are its mates; those of another group are its delegates there. A
 * link counts for both ends, whichever of them dialled.
 */

import type { SizeReport } from './group-bits.ts'
import { groupOf, nearestTo, type Place, type Server, sharedBits } from './place.ts'

export type Links<S extends Server> = ReturnType<typeof createLinks<S>>

/** @param reportOf what a linked server has said last */
export function createLinks<S extends Server>(self: S, reportOf: (server: S) => SizeReport) {
  /** By peer id. Bounded: the connections. */
  const linked = new Map<string, S>()
  let bits = 0
  /** By group, the oldest link first. */
  let groups: S[][] = [[]]
  let own = 0

  const groupAt = (place: Place) => groups[groupOf(place, bits)] as S[]

  function setBits(next: number): void {
    bits = next
    own = groupOf(self.place, bits)
    groups = Array.from({ length: 2 ** bits }, () => [])
    for (const server of linked.values()) groupAt(server.place).push(server)
  }

  /** True for a server that knows all servers which share its first bits with the target, so that it knows the target's record nodes. */
  function covers(server: S, target: Place): boolean {
    const served = server === self ? bits : reportOf(server).bits
    return served >= 0 && sharedBits(server.place, target) >= served
  }

  return {
    self,
    get size() {
      return linked.size
    },
    get bits() {
      return bits
    },
    setBits,
    /** The number of this server's own group. */
    get ownGroup() {
      return own
    },
    get groupCount() {
      return groups.length
    },
    has: (server: S) => linked.has(server.id),
    get: (id: string) => linked.get(id),
    all: () => linked.values(),
    mates: () => groups[own] as readonly S[],
    /** Linked servers of the group with that number; none for a number that there is not. */
    group: (group: number): readonly S[] => groups[group] ?? [],
    groupAt: groupAt as (place: Place) => readonly S[],
    covers,
    /** True when this server is in the group of the target. */
    coversHere: (target: Place) => sharedBits(self.place, target) >= bits,
    /** True for a link that either end counts as one of its own group. */
    isMate: (server: S) => sharedBits(self.place, server.place) >= Math.min(bits, reportOf(server).bits),
    /** The servers that keep the records of a place, as far as this one knows: the nearest mates that are able to, itself among them. */
    recordNodes(place: Place, count: number, isAble: (server: S) => boolean = () => true): S[] {
      const mates = (groups[own] as S[]).filter(isAble)
      return nearestTo(place, mates.length + 1 >= count ? [self, ...mates] : [self, ...[...linked.values()].filter(isAble)], count)
    },
    /** False when it was linked already. */
    add(server: S): boolean {
      if (server === self || linked.has(server.id)) return false
      linked.set(server.id, server)
      groupAt(server.place).push(server)
      return true
    },
    remove(server: S): boolean {
      if (!linked.delete(server.id)) return false
      const group = groupAt(server.place)
      group.splice(group.indexOf(server), 1)
      return true
    },
  }
}
