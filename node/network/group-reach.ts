/** Reaches the record nodes of a key that is of another group, by the word of those that know them, and past the delegates. */

import type { PeerId } from '@libp2p/interface'
import type { Timers } from '../async/timers.ts'
import type { NearestServers } from '../groups/nearest-servers.ts'
import { placeOf } from '../groups/place.ts'
import type { GroupPeer } from './group-streams.ts'

/** How long a search waits for a server to be connected, in ms, where the dial has no end. */
const REACH_MS = 3_000

export interface GroupReachContext {
  nearest: Pick<NearestServers<GroupPeer>, 'find'>
  timers: Pick<Timers, 'after'>
  /** Dials a server. @param end hears whether it is connected. @param terms it hears after one attempt: a search has no time for more */
  want(server: GroupPeer, end: (isOpen: boolean) => void, terms: { isBrief: true }): void
}

export function createGroupReach({ nearest, timers, want }: GroupReachContext, recordNodes: number) {
  const findNearest = (position: Uint8Array) => new Promise<GroupPeer[]>((resolve) => nearest.find(placeOf(position), resolve))

  /** Resolves with true once the server is connected, with false when it is not in time. */
  const isReached = (server: GroupPeer) =>
    new Promise<boolean>((resolve) => {
      const endWait = timers.after(REACH_MS, () => resolve(false))
      const end = (isOpen: boolean) => {
        endWait()
        resolve(isOpen)
      }
      want(server, end, { isBrief: true })
    })

  return {
    /** The servers nearest to a position, by the word of those that know it, with their signed addresses. */
    findNearest,
    /** The record nodes by that word, each connected to now, for whoever does not believe the delegates. */
    async reach(position: Uint8Array): Promise<PeerId[]> {
      const found = (await findNearest(position)).slice(0, recordNodes)
      const areReached = await Promise.all(found.map(isReached))
      return found.filter((_, index) => areReached[index]).map(({ peer }) => peer)
    },
  }
}
