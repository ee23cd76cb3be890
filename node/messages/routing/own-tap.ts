/**
 * A tap of this peer itself: opens the envelopes that come for it, each once, has the messages stored where it stores, signs receipts, and lets
 * readers iterate.
 */

import { createRecentMap } from '../../async/recent-map.ts'
import { MayflyError } from '../../errors.ts'
import { encodeKeyHex } from '../../keys/index.ts'
import { whenTurnEnds } from '../../network/index.ts'
import type { Key } from '../../types.ts'
import type { End } from '../format/end.ts'
import type { Envelope } from '../format/envelope.ts'
import { openMessage } from '../format/open-message.ts'
import { MAX_RECEIPT_IDS, signReceipt } from '../format/receipt.ts'
import { WIRE_REFUSALS } from '../format/refusals.ts'
import type { Kept, Message, MessageRefusal, MessageSecret, Receipt, Tap, TapOptions } from '../types.ts'

interface OwnTapListener {
  onReceipt(receipt: Receipt): void
  onDeclined(id: Key, reason: MessageRefusal): void
  /** A message was received: once, and after it was stored where the tap stores. */
  onMessage(message: Message): void
  onClosed(): Promise<void>
}

interface OwnTapContext {
  end: End
  secret: MessageSecret
  keep: TapOptions['keep']
  /** Ids that stand for no message, and come last in each receipt. */
  marks?: readonly Key[] | undefined
  /** Resolves once others can find the tap. */
  ready(): Promise<void>
  listener: OwnTapListener
  now(): number
}

export interface OwnTap extends Tap {
  /** Takes an envelope whose signature and times are right. */
  deliver(envelope: Envelope): void
}

/** Messages that wait for a reader; the oldest go first. */
const MAX_UNREAD = 1_024
/** Ids that are remembered, so that a listener gets each message once. A store remembers for ever. */
const MAX_RECEIVED = 32_768
/** Messages handed to `keep` at once: one commit for all of them. */
const MAX_BATCH = 256
/** Messages being opened or stored; more are declined, to come again later. */
const MAX_WAITING = 4_096

export function createOwnTap(context: OwnTapContext): OwnTap {
  const { end, keep, listener, marks = [] } = context
  /** By id, hex. */
  const received = createRecentMap<string, true>({ maxEntries: MAX_RECEIVED, order: 'added' })
  const waiting: Message[] = []
  /** Readers, each with what it has not read. */
  const readers = new Set<{ unread: Message[]; wake(): void }>()
  /** Being opened or stored. Bounded: MAX_WAITING. */
  let pending = 0
  let isKeeping = false
  let isClosed = false

  function publish(message: Message): void {
    const id = encodeKeyHex(message.id)
    if (received.has(id)) return
    received.set(id, true)
    listener.onMessage(message)
    for (const { unread, wake } of readers) {
      if (unread.push(message) > MAX_UNREAD) unread.shift()
      wake()
    }
  }

  async function open(envelope: Envelope): Promise<void> {
    pending++
    try {
      if ((end.kind === 'hashname') !== envelope.isSealed) throw new MayflyError('ERR_BAD_FRAME', 'Sealed and open ends are two')
      const message = await openMessage(envelope, context.secret)
      if (isClosed) return
      if (keep === undefined) return publish(message)
      waiting.push(message)
      pending++
      if (!isKeeping) void keepAll(keep)
    } catch {
      // Sealed for another receiver, or by another than its sender: there is nothing to show.
      listener.onDeclined(envelope.id, 'forged')
    } finally {
      pending--
    }
  }

  async function keepAll(store: NonNullable<TapOptions['keep']>): Promise<void> {
    isKeeping = true
    await new Promise<void>((resolve) => whenTurnEnds(resolve)) // messages of one turn go into one batch
    while (waiting.length > 0 && !isClosed) {
      const batch = waiting.splice(0, MAX_BATCH)
      const results = await storeBatch(store, batch)
      pending -= batch.length
      acknowledge(batch, results)
    }
    isKeeping = false
  }

  function acknowledge(batch: Message[], results: Kept[]): void {
    /** Ids by sender: no sender learns the ids of others' messages. */
    const stored = new Map<string, Key[]>()
    for (const [index, message] of batch.entries()) {
      const result = results[index]
      if (result !== 'stored') {
        listener.onDeclined(message.id, validRefusal(result))
        continue
      }
      const sender = encodeKeyHex(message.from)
      const ids = stored.get(sender)
      if (ids) ids.push(message.id)
      else stored.set(sender, [message.id])
    }
    for (const ids of stored.values()) {
      const atOnce = MAX_RECEIPT_IDS - marks.length
      for (let i = 0; i < ids.length; i += atOnce) {
        listener.onReceipt(signReceipt(context.secret, [...ids.slice(i, i + atOnce), ...marks], context.now()))
      }
    }
    for (const [index, message] of batch.entries()) if (results[index] === 'stored') publish(message)
  }

  return {
    end: end.text,
    get ready() {
      return context.ready()
    },
    deliver(envelope) {
      if (isClosed) return
      if (keep === undefined && received.has(encodeKeyHex(envelope.id))) return
      if (pending >= MAX_WAITING) return listener.onDeclined(envelope.id, 'not-stored')
      void open(envelope)
    },
    async *[Symbol.asyncIterator]() {
      let wake = () => {}
      const reader = { unread: [] as Message[], wake: () => wake() }
      readers.add(reader)
      try {
        while (!isClosed) {
          const message = reader.unread.shift()
          if (message !== undefined) yield message
          else {
            await new Promise<void>((resolve) => {
              wake = resolve
            })
          }
        }
      } finally {
        readers.delete(reader)
      }
    },
    async close() {
      if (isClosed) return
      isClosed = true
      for (const { wake } of readers) wake()
      await listener.onClosed()
    },
  }
}

/** A store is its user's code, and may answer anything: what is not in the table of refusals counts as 'not-stored'. */
function validRefusal(result: MessageRefusal | undefined): MessageRefusal {
  return result !== undefined && Object.hasOwn(WIRE_REFUSALS, result) ? result : 'not-stored'
}

/** A store that fails has stored nothing. */
async function storeBatch(store: NonNullable<TapOptions['keep']>, batch: Message[]): Promise<Kept[]> {
  try {
    const results: unknown = await store(batch)
    return Array.isArray(results) ? results : []
  } catch {
    return []
  }
}
