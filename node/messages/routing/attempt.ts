/** One attempt to deliver a message: waits for what receivers and record nodes answer, no longer than it must, and sums it up. */

import { onAbort } from '../../async/abort.ts'
import { encodeKeyHex, equalBytes } from '../../keys/index.ts'
import type { Envelope } from '../format/envelope.ts'
import { type DeliveryProgress, NO_PROGRESS } from '../protocol/wire.ts'
import type { MessageRefusal, PostOutcome, Receipt } from '../types.ts'
import type { Reply } from './delivery.ts'
import type { ReceiptListener } from './seen-messages.ts'

/** How long receipts may take, in ms. */
const RECEIPTS_MS = 5_000
/** How long others may still join the first receipt when it is not known how many will, in ms. */
const MORE_RECEIPTS_MS = 30
/** Receivers of one message whose declines are told, and counted. */
export const MAX_DECLINES = 64

/**
 * @param send sends the message; statements of receivers go to the listener, the progress to the reply
 * @param onLate gets receipts that come after the attempt: of a receiver that was away, or slow
 * @throws signal.reason, when aborted
 */
export function attemptDelivery(
  envelope: Envelope,
  send: (listener: ReceiptListener, reply: Reply) => void,
  onLate: (receipt: Receipt) => void,
  signal: AbortSignal,
): Promise<PostOutcome> {
  const { id, isSealed } = envelope
  return new Promise((resolve, reject) => {
    const receipts: Receipt[] = []
    let progress: DeliveryProgress | undefined
    /** Reasons of the receivers that declined, by public key, hex. Bounded: MAX_DECLINES. */
    const declines = new Map<string, MessageRefusal>()
    let isOver = false
    let more: ReturnType<typeof setTimeout> | undefined
    let removeAbortListener = () => {}

    const end = () => {
      isOver = true
      listener.end()
      clearTimeout(timer)
      clearTimeout(more)
      removeAbortListener()
    }
    const finish = () => {
      if (isOver) return
      end()
      resolve(outcomeOf(envelope, receipts, declines, progress))
    }

    function finishIfComplete(): void {
      if (progress === undefined || receipts.length + declines.size < progress.keepers) return
      // Anybody may decline a message of an open end: a receiver that stored it has a moment to say so.
      if (declines.size === 0 || isSealed) finish()
      else more ??= setTimeout(finish, MORE_RECEIPTS_MS)
    }

    const listener = createReceiptListener(
      {
        onReceipt(receipt) {
          if (
            receipts.some(({ receiver }) => equalBytes(receiver, receipt.receiver)) ||
            !receipt.ids.some((named) => equalBytes(named, id))
          )
            return
          receipts.push(receipt)
          more ??= setTimeout(finish, MORE_RECEIPTS_MS)
          finishIfComplete()
        },
        onDecline({ receiver, reason }) {
          if (declines.size >= MAX_DECLINES) return
          declines.set(encodeKeyHex(receiver), reason)
          finishIfComplete()
        },
      },
      onLate,
    )
    const reply: Reply = (answer) => {
      progress ??= answer
      finishIfComplete()
    }
    const timer = setTimeout(finish, RECEIPTS_MS)
    removeAbortListener = onAbort(signal, () => {
      end()
      reject(signal.reason)
    })
    if (!isOver) send(listener, reply)
  })
}

/**
 * Sums an attempt up.
 *
 * @param declines reasons of the receivers that declined, by public key, hex
 */
export function outcomeOf(
  { isSealed, expiresAtMs }: Envelope,
  receipts: Receipt[],
  declines: ReadonlyMap<string, MessageRefusal>,
  { taps, keepers, nodes, untilMs, refusal }: DeliveryProgress = NO_PROGRESS,
): PostOutcome {
  if (receipts.length > 0) return { state: 'stored', receipts }
  // A decline decides, unless another receiver may still store it.
  const [declined] = declines.values()
  const isBelievable = isSealed || keepers > 0
  if (declined !== undefined && declines.size >= keepers && isBelievable) return { state: 'refused', reason: declined }
  if (taps > 0 && keepers === 0 && !isSealed) return { state: 'heard', taps }
  if (refusal !== undefined && keepers === 0 && nodes === 0) {
    const { reason, retryAfterMs } = refusal
    return { state: 'refused', reason, ...(retryAfterMs > 0 && { retryAfterMs }) }
  }
  return { state: 'queued', nodes, untilMs: nodes > 0 ? untilMs : expiresAtMs }
}

type Statements = Pick<ReceiptListener, 'onReceipt' | 'onDecline'>

/** The seen-message cache keeps the listener long after the attempt; `end` lets go of all that belongs to the attempt. */
function createReceiptListener(during: Statements, onLate: (receipt: Receipt) => void): ReceiptListener & { end(): void } {
  let current: Statements | undefined = during
  return {
    isOpen: true,
    onReceipt: (receipt) => (current === undefined ? onLate(receipt) : current.onReceipt(receipt)),
    onDecline: (decline) => current?.onDecline(decline),
    end() {
      current = undefined
    },
  }
}
