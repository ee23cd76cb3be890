/**
 * Admission of messages to an inbox: which senders may write, how often, and how much room one sender, or all senders without a name, may fill.
 * `inbox.ts` recognizes repeated messages before.
 */

import { createTokenBuckets, type TokenBuckets } from '../../async/token-bucket.ts'
import type { InboxPolicy, MessageRefusal } from '../../index.ts'
import type { InboxSenders } from './inbox-senders.ts'
import type { InboxTally } from './inbox-tally.ts'

export interface InboxLimits {
  policy?: InboxPolicy
  /** Messages per minute of one sender; 0: no limit. */
  senderRate?: number
  /** Messages in all. At this number, and without a `keepCount`, new ones are refused. */
  maxMessages?: number
  /** Room on disk in all, in bytes. */
  maxBytes?: number
  /** The part of both that one sender may fill, from 0 to 1. */
  senderShare?: number
}

export const INBOX_DEFAULTS: Readonly<Required<InboxLimits>> = {
  policy: 'open',
  senderRate: 6_000, // a node passes on as many of one sender, which may be a gateway that posts for many people
  maxMessages: 1_000_000,
  maxBytes: 1_073_741_824,
  senderShare: 1 / 8, // four senders fill the half that is for senders without a name
}

export interface ArrivingMessage {
  /** The sender's hashname. */
  sender: string
  expiresAtMs: number
  /** Room on disk, as `footprintOf` counts. */
  bytes: number
}

export interface InboxAdmissionOptions extends Required<InboxLimits> {
  /** The receiver's own hashname, which counts as known. */
  hashname: string
  senders: InboxSenders
  tally: InboxTally
  /** True when the number of messages is kept by removing old ones. */
  isRolling: boolean
  /** Clock, in ms; any origin, never set back. */
  monotonic: () => number
}

/** Senders whose rate is remembered. A sender that was quiet for a minute has a full bucket anyway, and a flood is never quiet. */
const MAX_RATED_SENDERS = 10_000

export class InboxAdmission {
  readonly #options: InboxAdmissionOptions
  /** One minute's worth of messages for each sender, by hashname. */
  readonly #rates: TokenBuckets | undefined

  constructor(options: InboxAdmissionOptions) {
    const { senderRate, monotonic } = options
    this.#options = options
    if (senderRate === 0) return
    this.#rates = createTokenBuckets({ burst: senderRate, perSecond: senderRate / 60, maxKeys: MAX_RATED_SENDERS, now: monotonic })
  }

  /** The reason to refuse a message; undefined when it is admitted, and counts against its sender's rate. */
  refuse({ sender, expiresAtMs, bytes }: ArrivingMessage, nowMs: number): MessageRefusal | undefined {
    const { senders, policy, hashname } = this.#options
    if (senders.isMuted(sender)) return 'muted'
    const isNamed = senders.nameOf(sender) !== undefined
    if (policy === 'known' && !isNamed && sender !== hashname) return 'unknown-sender'
    if (expiresAtMs <= nowMs) return 'expired'
    if (this.#rates !== undefined && this.#rates.take(sender) > 0) return 'sender-rate'
    return this.#refuseForRoom(sender, bytes, isNamed)
  }

  #refuseForRoom(sender: string, bytes: number, isNamed: boolean): MessageRefusal | undefined {
    const { maxBytes, maxMessages, senderShare, isRolling, tally } = this.#options
    const isOver = (share: { messages: number; bytes: number }, part: number) =>
      share.bytes + bytes > maxBytes * part || (!isRolling && share.messages + 1 > maxMessages * part)
    if (isOver(tally.of(sender), senderShare)) return 'sender-share'
    if (isOver(tally.total, 1)) return 'full'
    // The other half is for named senders, however many keys the others use.
    if (!isNamed && isOver(tally.ofHalf(false), 1 / 2)) return 'full'
    return undefined
  }
}
