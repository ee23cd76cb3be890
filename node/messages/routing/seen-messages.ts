/**
 * What this peer remembers of the messages that came by lately: so that the same one is checked once, given to each tap once, and its receipts
 * reach everybody who asked about it. In memory, and bounded; receivers remember ids themselves, for ever.
 */

import { MayflyError } from '../../errors.ts'
import { encodeKeyHex, equalBytes, sha256AtOnce } from '../../keys/index.ts'
import type { Key } from '../../types.ts'
import { type Decline, decodeDecline, isDeclineSigned } from '../format/decline.ts'
import type { Envelope } from '../format/envelope.ts'
import { decodeReceipt, isReceiptSigned } from '../format/receipt.ts'
import { SIGNATURE_BYTES } from '../format/signing.ts'
import type { Receipt } from '../types.ts'

/** Who wants to know what receivers say about a message: a stream on which it came, or this peer's outbox. */
export interface ReceiptListener {
  /** False when nobody listens any more. */
  readonly isOpen: boolean
  /** Receivers have stored messages, this one among them. */
  onReceipt(receipt: Receipt): void
  /** A receiver does not take it. */
  onDecline(decline: Decline): void
}

export interface SeenMessage {
  readonly id: Key
  readonly to: Key
  readonly isSealed: boolean
  /** The bytes that were checked end with this; others with the same id are checked again. */
  signature: Uint8Array
  /** When it was last given to the taps here, by the clock and by `Seats.tick` (what sat down later has not heard it), and to how many. */
  given: { atMs: number; tick: number; taps: number; keepers: number } | undefined
  /** Bounded: MAX_RECEIPTS. */
  readonly receipts: Receipt[]
  /** Bounded: MAX_ASKERS, oldest out first. */
  readonly listeners: Set<ReceiptListener>
}

export interface SeenMessagesOptions {
  /** Messages that are remembered; the oldest go first. */
  maxMessages?: number
  /** Receipts of all of them; the oldest messages go first. */
  maxReceipts?: number
}

export const SEEN_MESSAGES_DEFAULTS: Readonly<Required<SeenMessagesOptions>> = {
  maxMessages: 32_768, // at a hundred a second, five minutes: many tries of an outbox
  maxReceipts: 65_536, // about half a kilobyte each: without it 64 receivers of busy ends would take a gigabyte
}

/** Receipts of one message that are passed on: an end may have thousands of receivers, and a sender is content with some. */
const MAX_RECEIPTS = 64
/** Three record nodes, and the same from a home that was asked again. */
const MAX_LISTENERS = 16

export interface SeenMessages {
  /** The passage of these very bytes, when they were checked. */
  checked(envelope: Envelope): SeenMessage | undefined
  /** These bytes were checked. */
  add(envelope: Envelope): SeenMessage
  get(id: Key): SeenMessage | undefined
  /** The asker hears of the receipts so far, and of what is to come. */
  ask(seen: SeenMessage, listener: ReceiptListener): void
  /**
   * Takes in a receipt and tells it to who asked. One that is forged, or of somebody else than the hashname that a message went to, counts for
   * nothing.
   *
   * @param given the bytes that came, or a receipt that was signed here: of that nothing need be asked
   * @returns the messages for which it is new
   * @throws {MayflyError} ERR_BAD_FRAME
   */
  takeReceipt(given: Uint8Array | Receipt): SeenMessage[]
  /**
   * Tells a receiver's refusal to who asked. One that is forged, or of somebody else than the hashname that a message went to, is told nobody.
   *
   * @param mayDecline whether who tells it has something to say about that end
   * @throws {MayflyError} ERR_BAD_FRAME
   */
  takeDecline(bytes: Uint8Array, mayDecline?: (end: Key) => boolean): void
}

export function createSeenMessages(options: SeenMessagesOptions = {}): SeenMessages {
  const { maxMessages, maxReceipts } = { ...SEEN_MESSAGES_DEFAULTS, ...options }
  /** By id, hex, oldest first. Bounded: maxPassages. */
  const seenMessages = new Map<string, SeenMessage>()
  let receiptCount = 0

  function isNews(seen: SeenMessage, receipt: Receipt): boolean {
    if (seen.receipts.length >= MAX_RECEIPTS) return false
    return !seen.receipts.some(({ receiver }) => equalBytes(receiver, receipt.receiver))
  }

  function forgetOldest(): void {
    for (const [id, { receipts }] of seenMessages) {
      if (seenMessages.size <= maxMessages && receiptCount <= maxReceipts) return
      seenMessages.delete(id)
      receiptCount -= receipts.length
    }
  }

  function openListeners(seen: SeenMessage): ReceiptListener[] {
    for (const listener of seen.listeners) if (!listener.isOpen) seen.listeners.delete(listener)
    return [...seen.listeners]
  }

  return {
    checked(envelope) {
      const seen = seenMessages.get(encodeKeyHex(envelope.id))
      return seen !== undefined && equalBytes(seen.signature, signatureOf(envelope)) ? seen : undefined
    },
    add(envelope) {
      const id = encodeKeyHex(envelope.id)
      const signature = signatureOf(envelope).slice()
      const known = seenMessages.get(id)
      if (known !== undefined) {
        known.signature = signature
        return known
      }
      const { to, isSealed } = envelope
      const seen: SeenMessage = {
        id: envelope.id,
        to,
        isSealed,
        signature,
        given: undefined,
        receipts: [],
        listeners: new Set(),
      }
      seenMessages.set(id, seen)
      forgetOldest()
      return seen
    },
    get: (id) => seenMessages.get(encodeKeyHex(id)),
    ask(seen, listener) {
      for (const receipt of seen.receipts) listener.onReceipt(receipt)
      seen.listeners.add(listener)
      const oldest = seen.listeners.size > MAX_LISTENERS ? seen.listeners.values().next().value : undefined
      if (oldest !== undefined) seen.listeners.delete(oldest)
    },
    takeReceipt(given) {
      const isOwn = !(given instanceof Uint8Array)
      const receipt = isOwn ? given : decodeReceipt(given)
      // An id that is there twice counts once: nobody fills the places of other receivers with one receipt.
      const named = [...new Set(receipt.ids.map(encodeKeyHex))].flatMap((id) => seenMessages.get(id) ?? [])
      // A receiver may name others' messages besides its own. Whoever passed that on knew only its own, and must not be held for a forger.
      const received = named.filter((seen) => mayReceive(receipt.receiver, seen))
      if (named.length > 0 && received.length === 0) throw forged('receipt')
      const news = received.filter((seen) => isNews(seen, receipt))
      if (news.length === 0) return []
      if (!isOwn && !isReceiptSigned(receipt)) throw forged('receipt')
      const listeners = new Set<ReceiptListener>()
      for (const seen of news) {
        seen.receipts.push(receipt)
        for (const listener of openListeners(seen)) listeners.add(listener)
      }
      receiptCount += news.length
      forgetOldest()
      // One receipt is for many messages, and a stream that asked about many of them hears it once.
      for (const listener of listeners) listener.onReceipt(receipt)
      return news
    },
    takeDecline(bytes, mayDecline = () => true) {
      const decline = decodeDecline(bytes)
      const seen = seenMessages.get(encodeKeyHex(decline.id))
      if (seen === undefined) return
      if (!mayReceive(decline.receiver, seen) || !isDeclineSigned(decline)) throw forged('decline')
      if (!mayDecline(seen.to)) return
      for (const listener of openListeners(seen)) listener.onDecline(decline)
    },
  }
}

/** Anybody may be a receiver of an open end; of a hashname, who has its key. */
function mayReceive(receiver: Uint8Array, { isSealed, to }: SeenMessage): boolean {
  return !isSealed || equalBytes(sha256AtOnce(receiver), to)
}

function forged(what: string): MayflyError {
  return new MayflyError('ERR_BAD_FRAME', `A ${what} that no receiver of this message signed`)
}

function signatureOf({ bytes }: Envelope): Uint8Array {
  return bytes.subarray(bytes.byteLength - SIGNATURE_BYTES)
}
