/**
 * Receivers that open messages of rows (format/sealed-row.ts), as their signed receipts say. A node is a peer that says so and a peer that seals so;
 * a tab opens rows, and does neither.
 */

import { createRecentMap } from '../../async/recent-map.ts'
import { encodeKeyHex, equalBytes } from '../../keys/index.ts'
import type { Key } from '../../types.ts'
import type { Envelope } from '../format/envelope.ts'
import { isOfRow } from '../format/sealed-row.ts'
import type { MessageRefusal } from '../types.ts'
import type { ReceiptListener } from './seen-messages.ts'

/** Receivers that are remembered. */
const MAX_RECEIVERS = 1_024
/** How long a receiver is believed after its last receipt, in ms: afterwards its next receipt has to say so again. */
const BELIEVED_MS = 60_000

/** An id in a receipt that stands for no message, and says that its signer opens rows. It passes through peers that know nothing of rows. */
export const OPENS_ROWS: Key = new TextEncoder().encode('mayfly: this receiver opens rows')

export type RowReceivers = ReturnType<typeof createRowReceivers>

interface RowReceiver {
  /** It is believed until then. */
  untilMs: number
  /** An instance of it could not open a message of a row. */
  isOff: boolean
  /** Of a message that was sealed by itself, and of one of a row. */
  listeners: { single: ReceiptListener; inRow: ReceiptListener }
}

/** An instance that opens no rows has not stored a message of one, and no more: another instance may take it as long as it lives. */
export function declinedFor({ isSealed, payload }: Pick<Envelope, 'isSealed' | 'payload'>, reason: MessageRefusal): MessageRefusal {
  return reason === 'forged' && isSealed && isOfRow(payload) ? 'not-stored' : reason
}

/** @param now clock, in ms; any origin, never set back */
export function createRowReceivers(now: () => number) {
  /** By the end's key, hex. */
  const receivers = createRecentMap<string, RowReceiver>({ maxEntries: MAX_RECEIVERS })

  function createReceiver(): RowReceiver {
    const single: ReceiptListener = {
      isOpen: true,
      onReceipt({ ids }) {
        receiver.untilMs = ids.some((id) => equalBytes(id, OPENS_ROWS)) ? now() + BELIEVED_MS : 0
      },
      onDecline() {},
    }
    const inRow: ReceiptListener = {
      ...single,
      onDecline({ reason }) {
        receiver.isOff ||= reason === 'forged'
      },
    }
    const receiver: RowReceiver = { untilMs: 0, isOff: false, listeners: { single, inRow } }
    return receiver
  }

  /** Hears what the receiver says of a sealed message. */
  function listenerFor({ to, payload }: Pick<Envelope, 'to' | 'payload'>): ReceiptListener {
    const { listeners } = receivers.getOrCreate(encodeKeyHex(to), createReceiver)
    return isOfRow(payload) ? listeners.inRow : listeners.single
  }

  return {
    /** True while messages to that hashname may be sealed in rows. */
    opens(end: Key): boolean {
      const receiver = receivers.get(encodeKeyHex(end))
      return receiver !== undefined && !receiver.isOff && receiver.untilMs > now()
    },
    /** Hears for this map and for the given listener. */
    besides(envelope: Pick<Envelope, 'to' | 'payload' | 'isSealed'>, listener: ReceiptListener): ReceiptListener {
      if (!envelope.isSealed) return listener
      const own = listenerFor(envelope)
      return {
        isOpen: true,
        onReceipt(receipt) {
          own.onReceipt(receipt)
          listener.onReceipt(receipt)
        },
        onDecline(decline) {
          own.onDecline(decline)
          listener.onDecline({ ...decline, reason: declinedFor(envelope, decline.reason) })
        },
      }
    },
    /** The ids that stand in a receipt for what its signer can do. */
    marks: [OPENS_ROWS],
  }
}
