/**
 * What may come into an inbox: who may write, how often, and how much of the room one sender, or all senders without a name, may fill. It
 * counts and compares; the repeats of what is there are told apart before (`inbox.ts`).
 */

import type { InboxPolicy, MessageRefusal } from '../../index.ts'
import { InboxRate } from './inbox-rate.ts'
import type { InboxSenders } from './inbox-senders.ts'
import type { InboxTally } from './inbox-tally.ts'

export interface InboxLimits {
  policy?: InboxPolicy
  /** Messages per minute of one sender; 0: no limit. */
  senderRate?: number
  /** Messages in all. Over it, and without a `keepCount`, what is new is refused. */
  maxMessages?: number
  /** Of disk, in all, in bytes. */
  maxBytes?: number
  /** What one sender may fill of either, from 0 to 1. */
  senderShare?: number
}

export const INBOX_DEFAULTS: Readonly<Required<InboxLimits>> = {
  policy: 'open',
  senderRate: 6_000, // what a node passes on of one sender, who may be a gateway that posts for many
  maxMessages: 1_000_000,
  maxBytes: 1_073_741_824,
  senderShare: 1 / 8, // of the half that is for senders without a name, four fill it
}

export interface ArrivingMessage {
  /** Hashname. */
  sender: string
  expiresAtMs: number
  /** As `footprintOf` counts. */
  bytes: number
}

export interface InboxAdmissionOptions extends Required<InboxLimits> {
  /** The receiver's own hashname: it knows itself. */
  hashname: string
  senders: InboxSenders
  tally: InboxTally
  /** True when the number of messages is kept by removing old ones. */
  isRolling: boolean
  /** In ms; any origin, never backwards. */
  monotonic: () => number
}

export class InboxAdmission {
  readonly #options: InboxAdmissionOptions
  readonly #rate: InboxRate

  constructor(options: InboxAdmissionOptions) {
    this.#options = options
    this.#rate = new InboxRate({ perMinute: options.senderRate, now: options.monotonic })
  }

  /** Why it may not come in; undefined when it may. It then counts against its sender's rate. */
  refuse({ sender, expiresAtMs, bytes }: ArrivingMessage, nowMs: number): MessageRefusal | undefined {
    const { senders, policy, hashname } = this.#options
    if (senders.isMuted(sender)) return 'muted'
    const isNamed = senders.nameOf(sender) !== undefined
    if (policy === 'known' && !isNamed && sender !== hashname) return 'unknown-sender'
    if (expiresAtMs <= nowMs) return 'expired'
    if (!this.#rate.take(sender)) return 'sender-rate'
    return this.#refuseForRoom(sender, bytes, isNamed)
  }

  #refuseForRoom(sender: string, bytes: number, isNamed: boolean): MessageRefusal | undefined {
    const { maxBytes, maxMessages, senderShare, isRolling, tally } = this.#options
    const isOver = (share: { messages: number; bytes: number }, part: number) =>
      share.bytes + bytes > maxBytes * part || (!isRolling && share.messages + 1 > maxMessages * part)
    if (isOver(tally.of(sender), senderShare)) return 'sender-share'
    if (isOver(tally.total, 1)) return 'full'
    // The other half is for those whom the owner knows, whoever else writes and under however many keys.
    if (!isNamed && isOver(tally.ofHalf(false), 1 / 2)) return 'full'
    return undefined
  }
}
