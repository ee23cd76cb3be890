/**
 * Admission of messages to an inbox: which senders may write, how often, and how much room one sender, or all senders without a name, may fill.
 * `inbox.ts` recognizes repeated messages before.
 */

import { createTokenBuckets } from '../../async/token-bucket.ts'
import type { InboxPolicy, MessageRefusal } from '../../index.ts'
import type { InboxSenders } from './inbox-senders.ts'
import type { InboxTally } from './inbox-tally.ts'

export const INBOX_DEFAULTS = {
  policy: 'open' as InboxPolicy,
  /** Messages per minute of one sender; 0: no limit. */
  senderRate: 6_000, // a node passes on as many of one sender, which may be a gateway that posts for many people
  /** Messages in all. At this number, and without a `keepCount`, new ones are refused. */
  maxMessages: 1_000_000,
  /** Room on disk in all, in bytes. */
  maxBytes: 1_073_741_824,
  /** The part of both that one sender may fill, from 0 to 1. */
  senderShare: 1 / 8, // four senders fill the half that is for senders without a name
}

/**
 * A message that has come was in time by the network's clock. This machine's clock may be as far ahead as a peer corrects it
 * (`CLOCK_DEFAULTS.maxCorrectionMs`).
 */
export const CLOCK_MARGIN_MS = 172_800_000

export type InboxLimits = Partial<typeof INBOX_DEFAULTS>

/** Settings that the owner may change while the inbox is open. */
export interface InboxSettings {
  policy: InboxPolicy
  /** Messages per minute of one sender; 0: no limit. */
  senderRate: number
  /** Days after which messages are removed; undefined: never. */
  keepDays: number | undefined
  /** Messages to keep: over it, the oldest of the sender with the most are removed; undefined: all. */
  keepCount: number | undefined
}

interface InboxAdmissionOptions extends Omit<Required<InboxLimits>, 'policy' | 'senderRate'> {
  /** Read at each use. */
  settings: Readonly<InboxSettings>
  /** The receiver's own hashname, which counts as known. */
  hashname: string
  senders: InboxSenders
  tally: InboxTally
  /** Clock, in ms; any origin, never set back. */
  monotonic: () => number
}

/** Senders whose rate is remembered. A sender that was quiet for a minute has a full bucket anyway, and a flood is never quiet. */
const MAX_RATED_SENDERS = 10_000

export function createInboxAdmission(options: InboxAdmissionOptions) {
  const { settings, hashname, senders, tally, monotonic, maxBytes, maxMessages, senderShare } = options
  /** One minute's worth of messages for each sender, by hashname. */
  const rates = createTokenBuckets({
    get burst() {
      return settings.senderRate
    },
    get perSecond() {
      return settings.senderRate / 60
    },
    maxKeys: MAX_RATED_SENDERS,
    now: monotonic,
  })

  function refuseForRoom(sender: string, bytes: number, isNamed: boolean): MessageRefusal | undefined {
    // Then the number of messages is kept by removing old ones.
    const isRolling = settings.keepCount !== undefined
    const isOver = (share: { messages: number; bytes: number }, part: number) =>
      share.bytes + bytes > maxBytes * part || (!isRolling && share.messages + 1 > maxMessages * part)
    if (isOver(tally.of(sender), senderShare)) return 'sender-share'
    // The other half is for named senders, however many keys the others use.
    if (isOver(tally.total, 1) || (!isNamed && isOver(tally.ofHalf(false), 1 / 2))) return 'full'
    return undefined
  }

  return {
    /**
     * The reason to refuse a message; undefined when it is admitted, and counts against its sender's rate.
     *
     * @param message the sender's hashname, the expiry, and the room on disk, as `footprintOf` counts
     */
    refuse(message: { sender: string; expiresAtMs: number; bytes: number }, nowMs: number): MessageRefusal | undefined {
      const { sender, expiresAtMs, bytes } = message
      if (senders.isMuted(sender)) return 'muted'
      const isNamed = senders.nameOf(sender) !== undefined
      if (settings.policy === 'known' && !isNamed && sender !== hashname) return 'unknown-sender'
      if (expiresAtMs <= nowMs - CLOCK_MARGIN_MS) return 'expired'
      if (settings.senderRate > 0 && rates.take(sender) > 0) return 'sender-rate'
      return refuseForRoom(sender, bytes, isNamed)
    },
  }
}
