/**
 * Messages that a node takes from senders without a peer: one request each, and one answer, where a tab has a stream. They are checked as those
 * of a tab are.
 */

import { encodeKeyHex } from '../../keys/index.ts'
import { type Admission, priceOf } from '../admission/admission.ts'
import { decodeEnvelope, type Envelope, isEnvelopeSigned, refuseTimes } from '../format/envelope.ts'
import { type DeliveryProgress, NO_PROGRESS } from '../protocol/wire.ts'
import type { GuestPosted, GuestPosts, MessageRefusal } from '../types.ts'
import { attemptDelivery, MAX_DECLINES } from './attempt.ts'
import type { OwnRouteContext } from './own-route.ts'
import type { Router } from './router.ts'
import type { ReceiptListener } from './seen-messages.ts'

interface GuestPostsContext extends Pick<OwnRouteContext, 'seenMessages' | 'clock'> {
  router: Pick<Router, 'route' | 'publicKeys'>
  admission: Pick<Admission, 'senderRate' | 'peerRate'>
  /** As those of a server's streams. */
  counts: { passed: number; refused: number }
}

const NEVER = () => {}

export function createGuestPosts({ router, seenMessages, admission, clock, counts }: GuestPostsContext): GuestPosts {
  function refuse(reason: MessageRefusal, retryAfterMs = 0): GuestPosted {
    counts.refused++
    return { ...NO_PROGRESS, refusal: { reason, retryAfterMs }, receipts: [], declines: [] }
  }

  /** Undefined when the message may go on. */
  function judge(envelope: Envelope): GuestPosted | undefined {
    const reason = clock.isOff() ? 'clock' : refuseTimes(envelope, clock.now())
    // 'expired' is final: a clock that may be wrong does not say it.
    if (reason !== undefined) return refuse(clock.isDoubtful() ? 'clock' : reason)
    if (seenMessages.checked(envelope) !== undefined) return undefined
    if (!isEnvelopeSigned(envelope)) return refuse('forged')
    const waitMs = admission.senderRate.take(encodeKeyHex(envelope.from), priceOf(envelope.bytes))
    return waitMs > 0 ? refuse('sender-rate', waitMs) : undefined
  }

  return {
    now: clock.now,
    findPublicKey: (end, { signal }) => router.publicKeys.lookUp(end, { signal }),
    async post(bytes, { client, signal }) {
      // Before all else, and for known messages, too, as of a tab: it counts for the client that sent it here, not for its author.
      const waitMs = admission.peerRate.take(`guest ${client}`, priceOf(bytes))
      if (waitMs > 0) return refuse('sender-rate', waitMs)
      let envelope: Envelope
      try {
        envelope = decodeEnvelope(bytes)
      } catch {
        return refuse('malformed')
      }
      const refused = judge(envelope)
      if (refused !== undefined) return refused
      counts.passed++
      const seen = seenMessages.add(envelope)
      let progress: DeliveryProgress = NO_PROGRESS
      /** By receiver, hex: anybody may decline at an open end, again and again. Bounded: MAX_DECLINES. */
      const declines = new Map<string, Uint8Array>()
      let ownListener: ReceiptListener | undefined
      try {
        const outcome = await attemptDelivery(
          envelope,
          (listener, reply) => {
            ownListener = {
              isOpen: true,
              onReceipt: listener.onReceipt,
              onDecline(decline) {
                if (declines.size < MAX_DECLINES) declines.set(encodeKeyHex(decline.receiver), decline.bytes)
                listener.onDecline(decline)
              },
            }
            seenMessages.listen(seen, ownListener)
            router.route(envelope, seen, (answer) => {
              progress = answer
              reply(answer)
            })
          },
          NEVER,
          signal,
        )
        const receipts = outcome.state === 'stored' ? outcome.receipts.map((receipt) => receipt.bytes) : []
        return { ...progress, receipts, declines: [...declines.values()] }
      } finally {
        // The seen-message cache remembers the message for minutes, and its sender hears no more of this attempt.
        if (ownListener !== undefined) seen.listeners.delete(ownListener)
      }
    },
  }
}
