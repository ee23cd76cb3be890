/** The things that a server's part in its group is handed: its network, time and randomness. */

import type { Timers } from '../async/timers.ts'
import type { GroupFloors, SizeReport } from './group-bits.ts'
import { GROUP_FLOORS } from './group-bits.ts'
import type { GroupMessage, Statement } from './messages.ts'
import type { Server } from './place.ts'

export const GROUP_DEFAULTS = {
  ...(GROUP_FLOORS as GroupFloors),
  /** Delegates in each other group: with one, 0.13 % of releases stayed unknown for up to 20 s at 1,000 nodes (simulated); three gain nothing. */
  delegates: 2,
  /** Record nodes of a key. */
  recordNodes: 3,
  /** Record nodes that are asked when nobody is found, or when few of them own up. */
  wideRecordNodes: 8,
  /** Between two comparisons with a mate, in ms, give or take a fifth. */
  gossipMs: 10_000,
  /** Between two looks at the number of bits, in ms, give or take a fifth. */
  lookMs: 5_000,
  /** Dials at once: a joiner that dials all at once is deaf for seconds. */
  dialsAtOnce: 8,
  /** How long a joiner asks for no missing delegates, since its dials are still under way, in ms. */
  joiningMs: 15_000,
  /** How long an answer is waited for, in ms. */
  answerMs: 350,
  /** Leases of its own that a home looks for at one time; none with 0. */
  audited: 32,
  /** How long a carrier may take to bring a receipt, in ms. */
  receiptMs: 1_000,
  /** How long a carrier may take to say that it has released, in ms. */
  releaseMs: 250,
  /** How long a record node keeps what has no carrier, so that another can bring it, in ms. */
  carrierGraceMs: 15_000,
  /** The same when the home itself was the carrier, in ms. */
  homeGraceMs: 3_000,
  /** Servers that were lost and are dialled again, one each gossip, for so long, in ms: all that heals a partition. */
  lostMs: 3_600_000,
}

export type GroupSettings = typeof GROUP_DEFAULTS
export type GroupOptions = Partial<GroupSettings>

/** Signatures of record nodes, which a carrier cannot make. */
export interface Receipts<S extends Server> {
  /** This server has the statement. */
  give(statement: Statement<S>): unknown
  /** True when a record node has signed it. */
  isRight(statement: Statement<S>, receipt: unknown): boolean
}

/** Connections to other servers. */
export interface GroupTransport<S extends Server> {
  /** Over the open connection; a message to a server that is gone is lost. */
  send(to: S, message: GroupMessage<S>): void
  /** Ends with `onLink`, or with `onDialFailed`. */
  dial(to: S): void
  /** Ends the connection; `onLinkEnd` is called at the other end. */
  close(to: S): void
}

/** The sizes of groups, as they travel with heartbeats. */
export interface GroupReports<S extends Server> {
  /** The last one of a linked server. */
  reportOf(server: S): SizeReport
  /** Says it to all linked servers with the next heartbeat. */
  publish(report: SizeReport): void
}

export interface GroupContext<S extends Server> extends GroupTransport<S>, GroupReports<S> {
  self: S
  timers: Timers
  /** From 0 to 1. */
  random(): number
  receipts: Receipts<S>
  /** The count of a watch's key is another one. */
  onCount(watch: Statement<S>, count: number): void
}
