/** Times and numbers of presence: the whole of what can be set, each part takes its own. */

import { LEASE_DEFAULTS, type LeaseOptions } from './lease.ts'

export const RENDEZVOUS_DEFAULTS = {
  lease: LEASE_DEFAULTS as LeaseOptions,
  /** Between two heartbeats of a node's stream, in ms; a tab's come a fifth as often. */
  beatMs: 3_000,
  /** A peer that has sent nothing for this long is gone, in ms. A tab is probed at half of it: its own timers sleep while it is hidden. */
  silentMs: 9_000, // with the grace below: a stopped home's tabs are out of every answer within 15 s
  /** How long the tabs of a home that is gone are still counted, so that they can arrive through another home, in ms. */
  graceMs: 3_000,
  /** A key's count is pushed at most once in this time, in ms: the first at once, the last of a burst at its end. */
  pushEveryMs: 100,
  /** How long nothing may be received of the servers that a find asks at once, before the silent ones are given up, in ms. */
  askTimeoutMs: 1_000,
  /** How many servers are asked before the answer is "nobody". */
  maxServersAsked: 64,
  /** Presence streams that this peer opens at once; the one that was used longest ago goes first. */
  maxLinks: 256,
}

export type RendezvousOptions = Partial<typeof RENDEZVOUS_DEFAULTS>
export type RendezvousSettings = typeof RENDEZVOUS_DEFAULTS
