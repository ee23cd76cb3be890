/**
 * Seen-message cache: remembers the messages that came by lately, so that each is checked once, delivered to each tap once, and its receipts
 * reach every peer that sent it here. In memory, and bounded; receivers remember ids themselves, for ever.
 */

import { createRecentMap } from '../../async/recent-map.ts'
import { MayflyError } from '../../errors.ts'
import { encodeKeyHex, equalBytes, sha256AtOnce } from '../../keys/index.ts'
import { SIGNATURE_BYTES } from '../../keys/signing.ts'
import type { Key } from '../../types.ts'
import { type Decline, decodeDecline, isDeclineSigned } from '../format/decline.ts'
import type { Envelope } from '../format/envelope.ts'
import { decodeReceipt, isReceiptSigned } from '../format/receipt.ts'
import type { Receipt } from '../types.ts'

/** Gets receivers' statements about a message: a stream on which the message came, or this peer's outbox. */
export interface ReceiptListener {
  /** False when its stream has ended. */
  readonly isOpen: boolean
  /** Receivers have stored messages, this one among them. */
  onReceipt(receipt: Receipt): void
  /** A receiver does not take the message. */
  onDecline(decline: Decline): void
}

export interface SeenMessage {
  readonly id: Key
  readonly to: Key
  readonly isSealed: boolean
  /** Signature of the bytes that were checked; other bytes with the same id are checked again. */
  signature: Uint8Array
  /** The last delivery to the taps here: its time, its tick (`Subscriptions.tick`: later subscriptions have missed it), and to how many. */
  delivered: { atMs: number; tick: number; taps: number; keepers: number } | undefined
  /** Bounded: MAX_RECEIPTS. */
  readonly receipts: Receipt[]
  /** Bounded: MAX_LISTENERS, oldest out first. */
  readonly listeners: Set<ReceiptListener>
}

const SEEN_MESSAGES_DEFAULTS = {
  /** Messages that are remembered; the oldest go first. */
  maxMessages: 32_768, // at a hundred a second, five minutes: many attempts of an outbox
  /** Receipts of all of them; the oldest messages go first. */
  maxReceipts: 65_536, // about half a kilobyte each: without it 64 receivers of busy ends would take a gigabyte
}

/** Receipts of one message that are passed on: an end may have thousands of receivers, and a sender is content with some. */
const MAX_RECEIPTS = 64
/** Three record nodes, and the same from a home that was asked again. */
const MAX_LISTENERS = 16

export type SeenMessages = ReturnType<typeof createSeenMessages>

export function createSeenMessages(options: Partial<typeof SEEN_MESSAGES_DEFAULTS> = {}) {
  const { maxMessages, maxReceipts } = { ...SEEN_MESSAGES_DEFAULTS, ...options }
  let receiptCount = 0
  /** By id, hex. */
  const messages = createRecentMap<string, SeenMessage>({
    maxEntries: maxMessages,
    order: 'added',
    onEvict: (_, { receipts }) => {
      receiptCount -= receipts.length
    },
  })

  function isNew(seen: SeenMessage, receipt: Receipt): boolean {
    if (seen.receipts.length >= MAX_RECEIPTS) return false
    return !seen.receipts.some(({ receiver }) => equalBytes(receiver, receipt.receiver))
  }

  function forgetOldReceipts(): void {
    for (const [id, { receipts }] of messages) {
      if (receiptCount <= maxReceipts) return
      messages.delete(id)
      receiptCount -= receipts.length
    }
  }

  function openListeners(seen: SeenMessage): Set<ReceiptListener> {
    for (const listener of seen.listeners) if (!listener.isOpen) seen.listeners.delete(listener)
    return seen.listeners
  }

  return {
    /** The message, if exactly these bytes were checked. */
    checked(envelope: Envelope) {
      const seen = messages.get(encodeKeyHex(envelope.id))
      return seen !== undefined && equalBytes(seen.signature, signatureOf(envelope)) ? seen : undefined
    },
    /** Remembers that these bytes were checked. */
    add(envelope: Envelope) {
      const id = encodeKeyHex(envelope.id)
      const signature = signatureOf(envelope).slice()
      const known = messages.get(id)
      if (known !== undefined) {
        known.signature = signature
        return known
      }
      const { to, isSealed } = envelope
      const seen: SeenMessage = { id: envelope.id, to, isSealed, signature, delivered: undefined, receipts: [], listeners: new Set() }
      messages.set(id, seen)
      return seen
    },
    get: (id: Key) => messages.get(encodeKeyHex(id)),
    /** Passes receipts to the listener: those that there are, and those to come. */
    listen(seen: SeenMessage, listener: ReceiptListener) {
      for (const receipt of seen.receipts) listener.onReceipt(receipt)
      seen.listeners.add(listener)
      if (seen.listeners.size <= MAX_LISTENERS) return
      const [oldest] = seen.listeners
      if (oldest !== undefined) seen.listeners.delete(oldest)
    },
    /**
     * Takes a receipt and passes it to the listeners of its messages. A receipt that is forged, or that another than the hashname of a message
     * signed, counts for nothing.
     *
     * @param given received bytes, or a receipt that was signed here and needs no check
     * @returns the messages for which it is new
     * @throws {MayflyError} ERR_BAD_FRAME
     */
    takeReceipt(given: Uint8Array | Receipt) {
      const isOwn = !(given instanceof Uint8Array)
      const receipt = isOwn ? given : decodeReceipt(given)
      // A repeated id counts once: one receipt must not take the places of other receivers.
      const named = [...new Set(receipt.ids.map(encodeKeyHex))].flatMap((id) => messages.get(id) ?? [])
      // A receiver may name others' messages besides its own. The peer that passed it on knew only its own, and is no forger.
      const received = named.filter((seen) => mayReceive(receipt.receiver, seen))
      if (named.length > 0 && received.length === 0) throw forged('receipt')
      const news = received.filter((seen) => isNew(seen, receipt))
      if (news.length === 0) return []
      if (!isOwn && !isReceiptSigned(receipt)) throw forged('receipt')
      const listeners = new Set<ReceiptListener>()
      for (const seen of news) {
        seen.receipts.push(receipt)
        for (const listener of openListeners(seen)) listeners.add(listener)
      }
      receiptCount += news.length
      forgetOldReceipts()
      // A receipt names many messages; a stream that sent many of them gets it once.
      for (const listener of listeners) listener.onReceipt(receipt)
      return news
    },
    /**
     * Takes a receiver's decline and passes it to the listeners. A decline that is forged, or that another than the message's hashname signed, is
     * not passed on.
     *
     * @param mayDecline whether the peer that sent the decline receives at that end
     * @throws {MayflyError} ERR_BAD_FRAME
     */
    takeDecline(bytes: Uint8Array, mayDecline: (end: Key) => boolean = () => true) {
      const decline = decodeDecline(bytes)
      const seen = messages.get(encodeKeyHex(decline.id))
      if (seen === undefined) return
      if (!mayReceive(decline.receiver, seen) || !isDeclineSigned(decline)) throw forged('decline')
      if (!mayDecline(seen.to)) return
      for (const listener of [...openListeners(seen)]) listener.onDecline(decline)
    },
  }
}

/** Anybody may receive at an open end; at a hashname, only the owner of its key. */
function mayReceive(receiver: Uint8Array, { isSealed, to }: SeenMessage): boolean {
  return !isSealed || equalBytes(sha256AtOnce(receiver), to)
}

function forged(what: string): MayflyError {
  return new MayflyError('ERR_BAD_FRAME', `A ${what} that no receiver of this message signed`)
}

function signatureOf({ bytes }: Envelope): Uint8Array {
  return bytes.subarray(bytes.byteLength - SIGNATURE_BYTES)
}
