/** Messages of servers to each other, to keep their groups, and to carry leases, watches and finds through them. Everything is small and bounded. */

import type { Place, Server } from './place.ts'

/** A lease or a watch that must stand at the record nodes of its key. */
export interface Statement<S extends Server> {
  /** Another one for each time that the key is held or watched, so that what was released stays released. */
  readonly id: string
  readonly kind: 'lease' | 'watch'
  readonly key: string
  readonly place: Place
  readonly home: S
}

export type Question =
  /** A mate's view of the group: how many, and all of their places mixed by XOR. */
  | { type: 'compare'; bits: number; count: number; mix: number }
  | { type: 'fetch'; ids: readonly string[] }
  /** Servers of a group, any of them, or those nearest to a place. @property isPassedOn a mate asks for another one */
  | { type: 'suggest'; bits: number; group: number; near?: Place; isPassedOn?: boolean }
  /** Where one's group and some members of all others can be met. */
  | { type: 'join'; place: Place }
  | { type: 'mates'; place: Place }
  | { type: 'nearest'; place: Place; count: number }
  /** May the link be closed, for the answerer has enough to this group? */
  | { type: 'spare' }
  /** The holders of a key, wherever they are kept. @property width how many record nodes are asked */
  | { type: 'find'; key: string; place: Place; hops: number; width: number }
  /** How many record nodes have the lease. */
  | { type: 'keepers'; key: string; place: Place; id: string }
  /** Those in the server's own records. */
  | { type: 'look'; key: string }

export type Answer<S extends Server> =
  | { type: 'roster'; ids: readonly string[] }
  | { type: 'servers'; servers: readonly S[] }
  | { type: 'spare'; isSpare: boolean }
  | { type: 'keepers'; owning: number; asked: number }
  /** @property isWhole the answerer knows the whole group, of so many servers, itself among them @property servers the nearest that it knows */
  | { type: 'group'; bits: number; isWhole: boolean; size: number; servers: readonly S[]; delegates: readonly S[] }
  /** @property steps messages one after the other on the way @property asked record nodes @property answered those of them that did */
  | { type: 'found'; holders: readonly string[]; steps: number; asked: number; answered: number }

export type Notice<S extends Server> =
  /** A home asks a delegate to carry. @property copies record nodes that are told */
  | { type: 'carry'; statement: Statement<S>; copies: number }
  /** A carrier tells a record node, which gives a receipt, which the carrier passes on. */
  | { type: 'keep'; statement: Statement<S> }
  | { type: 'kept'; id: string; receipt: unknown }
  | { type: 'carried'; id: string; receipt: unknown }
  /** The asked server does not cover the key, or does no longer. */
  | { type: 'move'; id: string }
  /** A home has another carrier now. */
  | { type: 'let-go'; id: string }
  /** It stands no more: home to carriers, they to record nodes. */
  | { type: 'release'; statement: Statement<S> }
  | { type: 'released'; id: string }
  | { type: 'drop'; statement: Statement<S>; why: DropReason }
  /** A record node's count of a key, to the carriers of its watches, and by them to the homes. */
  | { type: 'count'; id: string; count: number }

/** The home has released it; another record node, or another carrier, has it; or the home has gone and may come back elsewhere. */
export type DropReason = 'released' | 'moved' | 'home-gone'

export type GroupMessage<S extends Server> =
  | { type: 'question'; turn: number; question: Question }
  | { type: 'answer'; turn: number; answer: Answer<S> }
  | Notice<S>
