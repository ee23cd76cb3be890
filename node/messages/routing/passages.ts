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
export interface Asker {
  /** False when nobody listens any more. */
  readonly isOpen: boolean
  /** Receivers have stored messages, this one among them. */
  onReceipt(receipt: Receipt): void
  /** A receiver does not take it. */
  onDecline(decline: Decline): void
}

export interface Passage {
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
  readonly askers: Set<Asker>
}

export interface PassagesOptions {
  /** Messages that are remembered; the oldest go first. */
  maxPassages?: number
  /** Receipts of all of them; the oldest messages go first. */
  maxReceipts?: number
}

export const PASSAGES_DEFAULTS: Readonly<Required<PassagesOptions>> = {
  maxPassages: 32_768, // at a hundred a second, five minutes: many tries of an outbox
  maxReceipts: 65_536, // about half a kilobyte each: without it 64 receivers of busy ends would take a gigabyte
}

/** Receipts of one message that are passed on: an end may have thousands of receivers, and a sender is content with some. */
const MAX_RECEIPTS = 64
/** Three record nodes, and the same from a home that was asked again. */
const MAX_ASKERS = 16

export interface Passages {
  /** The passage of these very bytes, when they were checked. */
  checked(envelope: Envelope): Passage | undefined
  /** These bytes were checked. */
  add(envelope: Envelope): Passage
  get(id: Key): Passage | undefined
  /** The asker hears of the receipts so far, and of what is to come. */
  ask(passage: Passage, asker: Asker): void
  /**
   * Takes in a receipt and tells it to who asked. One that is forged, or of somebody else than the hashname that a message went to, counts for
   * nothing.
   *
   * @param given the bytes that came, or a receipt that was signed here: of that nothing need be asked
   * @returns the messages for which it is new
   * @throws {MayflyError} ERR_BAD_FRAME
   */
  takeReceipt(given: Uint8Array | Receipt): Passage[]
  /**
   * Tells a receiver's refusal to who asked. One that is forged, or of somebody else than the hashname that a message went to, is told nobody.
   *
   * @param mayDecline whether who tells it has something to say about that end
   * @throws {MayflyError} ERR_BAD_FRAME
   */
  takeDecline(bytes: Uint8Array, mayDecline?: (end: Key) => boolean): void
}

export function createPassages(options: PassagesOptions = {}): Passages {
  const { maxPassages, maxReceipts } = { ...PASSAGES_DEFAULTS, ...options }
  /** By id, hex, oldest first. Bounded: maxPassages. */
  const passages = new Map<string, Passage>()
  let receiptCount = 0

  function isNews(passage: Passage, receipt: Receipt): boolean {
    if (passage.receipts.length >= MAX_RECEIPTS) return false
    return !passage.receipts.some(({ receiver }) => equalBytes(receiver, receipt.receiver))
  }

  function forgetOldest(): void {
    for (const [id, { receipts }] of passages) {
      if (passages.size <= maxPassages && receiptCount <= maxReceipts) return
      passages.delete(id)
      receiptCount -= receipts.length
    }
  }

  function openAskers(passage: Passage): Asker[] {
    for (const asker of passage.askers) if (!asker.isOpen) passage.askers.delete(asker)
    return [...passage.askers]
  }

  return {
    checked(envelope) {
      const passage = passages.get(encodeKeyHex(envelope.id))
      return passage !== undefined && equalBytes(passage.signature, signatureOf(envelope)) ? passage : undefined
    },
    add(envelope) {
      const id = encodeKeyHex(envelope.id)
      const signature = signatureOf(envelope).slice()
      const known = passages.get(id)
      if (known !== undefined) {
        known.signature = signature
        return known
      }
      const { to, isSealed } = envelope
      const passage: Passage = {
        id: envelope.id,
        to,
        isSealed,
        signature,
        given: undefined,
        receipts: [],
        askers: new Set(),
      }
      passages.set(id, passage)
      forgetOldest()
      return passage
    },
    get: (id) => passages.get(encodeKeyHex(id)),
    ask(passage, asker) {
      for (const receipt of passage.receipts) asker.onReceipt(receipt)
      passage.askers.add(asker)
      const oldest = passage.askers.size > MAX_ASKERS ? passage.askers.values().next().value : undefined
      if (oldest !== undefined) passage.askers.delete(oldest)
    },
    takeReceipt(given) {
      const isOwn = !(given instanceof Uint8Array)
      const receipt = isOwn ? given : decodeReceipt(given)
      // An id that is there twice counts once: nobody fills the places of other receivers with one receipt.
      const named = [...new Set(receipt.ids.map(encodeKeyHex))].flatMap((id) => passages.get(id) ?? [])
      // A receiver may name others' messages besides its own. Whoever passed that on knew only its own, and must not be held for a forger.
      const received = named.filter((passage) => mayReceive(receipt.receiver, passage))
      if (named.length > 0 && received.length === 0) throw forged('receipt')
      const news = received.filter((passage) => isNews(passage, receipt))
      if (news.length === 0) return []
      if (!isOwn && !isReceiptSigned(receipt)) throw forged('receipt')
      const askers = new Set<Asker>()
      for (const passage of news) {
        passage.receipts.push(receipt)
        for (const asker of openAskers(passage)) askers.add(asker)
      }
      receiptCount += news.length
      forgetOldest()
      // One receipt is for many messages, and a stream that asked about many of them hears it once.
      for (const asker of askers) asker.onReceipt(receipt)
      return news
    },
    takeDecline(bytes, mayDecline = () => true) {
      const decline = decodeDecline(bytes)
      const passage = passages.get(encodeKeyHex(decline.id))
      if (passage === undefined) return
      if (!mayReceive(decline.receiver, passage) || !isDeclineSigned(decline)) throw forged('decline')
      if (!mayDecline(passage.to)) return
      for (const asker of openAskers(passage)) asker.onDecline(decline)
    },
  }
}

/** Anybody may be a receiver of an open end; of a hashname, who has its key. */
function mayReceive(receiver: Uint8Array, { isSealed, to }: Passage): boolean {
  return !isSealed || equalBytes(sha256AtOnce(receiver), to)
}

function forged(what: string): MayflyError {
  return new MayflyError('ERR_BAD_FRAME', `A ${what} that no receiver of this message signed`)
}

function signatureOf({ bytes }: Envelope): Uint8Array {
  return bytes.subarray(bytes.byteLength - SIGNATURE_BYTES)
}
