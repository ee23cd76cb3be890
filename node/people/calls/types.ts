/** The nouns of calls: what they are handed, and the scope of people or of one room. */

import type { Quota } from '../../async/quota.ts'
import type { Circle, ModuleTypes, Person, Query } from '../types.ts'
import type { Identity, RoomProof, Sessions, Ways, WayTarget } from '../way/types.ts'
import type { Deadlines } from './deadlines.ts'

export interface CallsContext {
  sessions: Sessions
  /** Undefined where there is no WebRTC. */
  ways: Pick<Ways, 'hasDirect' | 'wantDirect' | 'onDirect'> | undefined
  /** Where an instance is that is there; undefined when it is not known to be there. */
  targetOf(peer: string): WayTarget | undefined
  /** The person that an identity is to this account. Asked for each call, so that a contact who was removed is none at once. */
  personOf(identity: Identity): Person
  /** A handler of this peer failed: for its developer, since the caller hears no more than a message. */
  onError(module: string, error: unknown): void
  /** A clock that never goes back, in ms. */
  now(): number
  random(): number
}

export interface RoomScope {
  /** 32 bytes. */
  key: Uint8Array
  /** Proves to that peer that this one knows the room's secret. */
  prove(peer: string): RoomProof
  isProven(proof: RoomProof, peer: string): boolean
  /** Admitted, and not only in possession of the secret. A promise while that is not decided; it resolves soon. */
  isMember(peer: string): boolean | Promise<boolean>
}

export interface CallScopeOptions {
  /** Left out for the scope of people, outside of rooms. */
  room?: RoomScope | undefined
  /** The instances that a query names now. @throws {MayflyError} ERR_NOBODY */
  resolve(query: Query): Person[]
}

/** The part of a circle that calls are. */
export type CallScope<Modules extends ModuleTypes = ModuleTypes> = Pick<Circle<Modules>, 'module' | 'get' | 'channel' | 'onChannel'> & {
  /** Ends its modules, its calls and its channels. */
  end(): void
}

/** Shared by all scopes of one peer. */
export interface SharedCalls {
  deadlines: Deadlines
  /** Calls under way here, by caller and module. */
  calls: Quota
  /** Bytes of their data, by caller. */
  bytes: Quota
  /** Channels that others have opened, by account. */
  channels: Quota
  timeoutMs: number
  idleMs: number
}
