/** One try to deliver a message: waits for what receivers and record nodes say, no longer than it must, and sums it up. */

import { encodeKeyHex, equalBytes } from '../../keys/index.ts'
import type { Key } from '../../types.ts'
import type { Envelope } from '../format/envelope.ts'
import { type DeliveryProgress, NO_PROGRESS } from '../protocol/wire.ts'
import type { MessageRefusal, PostOutcome, Receipt } from '../types.ts'
import type { Reply } from './delivery.ts'
import type { ReceiptListener } from './seen-messages.ts'

export interface AttemptOptions {
  signal: AbortSignal
  /** Hears receipts that come when the try is over: of a receiver that was away, or slow. */
  onLate(receipt: Receipt): void
}

/** How long receipts may take, in ms. */
const RECEIPTS_MS = 5_000

const MAX_DECLINES = 64

/** How long others may still join the first receipt when it is not known how many will, in ms. */
const MORE_RECEIPTS_MS = 30

/**
 * @param send sends it; what comes of it goes to both
 * @throws signal.reason, when aborted
 */
export function attemptDelivery(
  envelope: Envelope,
  send: (listener: ReceiptListener, reply: Reply) => void,
  options: AttemptOptions,
): Promise<PostOutcome> {
  const { signal, onLate } = options
  const { id, isSealed, expiresAtMs } = envelope
  return new Promise((resolve, reject) => {
    const receipts: Receipt[] = []
    let progress: DeliveryProgress | undefined
    /** Receivers that declined, by public key, hex, with what they said. Bounded: MAX_DECLINES. */
    const declines = new Map<string, MessageRefusal>()
    let isOver = false
    let more: ReturnType<typeof setTimeout> | undefined

    const end = () => {
      isOver = true
      listener.end()
      clearTimeout(timer)
      clearTimeout(more)
      signal.removeEventListener('abort', onAbort)
    }
    const finish = () => {
      if (isOver) return
      end()
      resolve(outcome())
    }
    const onAbort = () => {
      end()
      reject(signal.reason)
    }

    function outcome(): PostOutcome {
      if (receipts.length > 0) return { state: 'stored', receipts }
      const { taps, keepers, nodes, untilMs, refusal } = progress ?? NO_PROGRESS
      // Who declines has the word, unless somebody else may still store it.
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

    function look(): void {
      if (progress === undefined || receipts.length + declines.size < progress.keepers) return
      // Anybody may decline what an open end got: who stored it has a moment to say so.
      if (declines.size === 0 || isSealed) finish()
      else more ??= setTimeout(finish, MORE_RECEIPTS_MS)
    }

    const hearing: Hearing = {
      onReceipt(receipt) {
        if (receipts.some(({ receiver }) => equalBytes(receiver, receipt.receiver)) || !names(receipt, id)) return
        receipts.push(receipt)
        more ??= setTimeout(finish, MORE_RECEIPTS_MS)
        look()
      },
      onDecline({ receiver, reason }) {
        if (declines.size >= MAX_DECLINES) return
        declines.set(encodeKeyHex(receiver), reason)
        look()
      },
    }
    const listener = createReceiptListener(hearing, onLate)
    const reply: Reply = (answer) => {
      progress ??= answer
      look()
    }
    const timer = setTimeout(finish, RECEIPTS_MS)
    if (signal.aborted) return onAbort()
    signal.addEventListener('abort', onAbort, { once: true })
    send(listener, reply)
  })
}

type Hearing = Pick<ReceiptListener, 'onReceipt' | 'onDecline'>

/** Is kept for as long as the message is remembered, long after its try: of the try it keeps nothing then. */
function createReceiptListener(hearing: Hearing, onLate: (receipt: Receipt) => void): ReceiptListener & { end(): void } {
  let current: Hearing | undefined = hearing
  return {
    isOpen: true,
    onReceipt: (receipt) => (current === undefined ? onLate(receipt) : current.onReceipt(receipt)),
    onDecline: (decline) => current?.onDecline(decline),
    end() {
      current = undefined
    },
  }
}

function names({ ids }: Receipt, id: Key): boolean {
  return ids.some((known) => equalBytes(known, id))
}
