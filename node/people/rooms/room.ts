/** A room as its members have it: those who are there, and their modules, calls and channels. */

import type { Calls } from '../calls/calls.ts'
import type { Presence } from '../presence/presence.ts'
import type { Contact, ModuleTypes, Person, Room } from '../types.ts'
import { resolveQuery } from './query.ts'
import { isRoomProven, proveRoom, type RoomSecret, roomKeyOf } from './room-secret.ts'

export interface RoomParts {
  /** This instance's id. */
  self: string
  presence: Pick<Presence, 'enterRoom'>
  calls: Pick<Calls, 'scope'>
  contacts(): readonly Contact[]
}

export interface RoomTerms {
  /** In clean form. */
  name: string
  secret: RoomSecret
  admit?: ((person: Person) => boolean | Promise<boolean>) | undefined
  /** Called once, when this peer leaves. */
  onLeft(): void
}

export function enterRoom({ self, presence, calls, contacts }: RoomParts, { name, secret, admit, onLeft }: RoomTerms): Room {
  const key = roomKeyOf(secret)
  const prove = (peer: string) => proveRoom(secret, self, peer)
  const isProven = (proof: Parameters<typeof isRoomProven>[1], peer: string) => isRoomProven(secret, proof, peer, self)
  const { leave, admits, ...circle } = presence.enterRoom({ key, prove, isProven, admit })
  const { end, ...scope } = calls.scope<ModuleTypes>({
    room: { key, prove, isProven, isMember: admits },
    resolve: (query) => resolveQuery(query, { present: circle.present(), contacts, room: name }),
  })
  return {
    name,
    ...circle,
    ...scope,
    async leave() {
      end()
      leave()
      onLeft()
    },
  }
}
