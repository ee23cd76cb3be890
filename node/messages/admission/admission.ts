/** Admission of messages at a node: the limits that all its message streams share. */

import { createTokenBuckets } from '../../async/token-bucket.ts'
import type { MessageLimits } from '../types.ts'
import { createFairQueue } from './fair-queue.ts'
import { createPeerAdmission } from './peer-admission.ts'

/** Senders, and peers, whose rate is remembered; one that is forgotten starts anew. */
const MAX_REMEMBERED = 16_384

export type Admission = ReturnType<typeof createAdmission>

export function createAdmission(limits: Pick<MessageLimits, 'messageBurst' | 'messagesPerSecond'>, monotonic: () => number) {
  const rate = {
    get burst() {
      return limits.messageBurst
    },
    get perSecond() {
      return limits.messagesPerSecond
    },
    maxKeys: MAX_REMEMBERED,
    now: monotonic,
  }
  return {
    /** Holds messages of this node's own peers before they enter the queue. */
    peers: createPeerAdmission(monotonic),
    /** Work of all streams, served fairly. */
    queue: createFairQueue(monotonic),
    /** Rate of each sender, by public key, hex: of messages whose signature was checked. */
    senderRate: createTokenBuckets(rate),
    /** Rate of each peer that is not a server of the overlay, by peer id: before any signature is checked. */
    peerRate: createTokenBuckets(rate),
  }
}

/** The price of an envelope in tokens: a large message is copied as often as a small one, and costs as much as the small ones that fit into it. */
export function priceOf(envelope: Uint8Array): number {
  return 1 + Math.floor(envelope.byteLength / SMALL_BYTES)
}

const SMALL_BYTES = 4_096
