/**
 * A tap of this peer itself: opens what comes for it, once each, has it stored where the tap stores, signs the receipts, and lets
 * whoever iterates read it. How envelopes come here, and where receipts go, is for others.
 */

import { MayflyError } from '../../errors.ts'
import { encodeKeyHex } from '../../keys/index.ts'
import { whenTurnEnds } from '../../network/index.ts'
import type { Key } from '../../types.ts'
import type { End } from '../format/end.ts'
import type { Envelope } from '../format/envelope.ts'
import { openMessage } from '../format/open-message.ts'
import { MAX_RECEIPT_IDS, signReceipt } from '../format/receipt.ts'
import { REFUSALS } from '../format/refusals.ts'
import type { Kept, Message, MessageRefusal, MessageSecret, Receipt, Tap, TapOptions } from '../types.ts'

export interface OwnTapContext {
  end: End
  secret: MessageSecret
  keep: TapOptions['keep']
  /** Resolves once others can find it. */
  ready(): Promise<void>
  onReceipt(receipt: Receipt): void
  onDeclined(id: Key, reason: MessageRefusal): void
  onMessage(message: Message): void
  onClosed(): Promise<void>
  now(): number
}

export interface OwnTap extends Tap {
  /** The envelope was checked: its signature and its times are right. */
  give(envelope: Envelope): void
}

/** What waits for a reader; the oldest go first. */
export const MAX_UNREAD = 1_024
/** Ids of what came here lately, so that a listener hears each once; who stores remembers for ever. */
const MAX_HEARD = 32_768
/** Messages handed to `keep` at once: one commit for all of them. */
const MAX_BATCH = 256
/** What may wait for `keep`; more is declined, to come again later. */
const MAX_WAITING = 4_096

export function createOwnTap(context: OwnTapContext): OwnTap {
  const { end, keep } = context
  const name = end.text
  /** By id, hex, oldest first. Bounded: MAX_HEARD. */
  const heard = new Set<string>()
  const waiting: Message[] = []
  /** Readers, each with what it has not read. */
  const readers = new Set<{ unread: Message[]; wake(): void }>()
  /** Being opened or stored. Bounded: MAX_WAITING. */
  let pending = 0
  let isKeeping = false
  let isClosed = false

  function isNew(id: string): boolean {
    if (heard.has(id)) return false
    heard.add(id)
    const oldest = heard.size > MAX_HEARD ? heard.values().next().value : undefined
    if (oldest !== undefined) heard.delete(oldest)
    return true
  }

  function tell(message: Message): void {
    if (!isNew(encodeKeyHex(message.id))) return
    context.onMessage(message)
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
      if (keep === undefined) return tell(message)
      waiting.push(message)
      pending++
      if (!isKeeping) void keepAll(keep)
    } catch {
      // Not sealed for this receiver, or not by who it says: nothing that could be shown.
      context.onDeclined(envelope.id, 'forged')
    } finally {
      pending--
    }
  }

  async function keepAll(store: NonNullable<TapOptions['keep']>): Promise<void> {
    isKeeping = true
    await new Promise<void>((resolve) => whenTurnEnds(resolve)) // what comes in the same turn goes into the same batch
    while (waiting.length > 0 && !isClosed) {
      const batch = waiting.splice(0, MAX_BATCH)
      const results = await kept(store, batch)
      pending -= batch.length
      finish(batch, results)
    }
    isKeeping = false
  }

  function finish(batch: Message[], results: Kept[]): void {
    /** By sender: nobody learns ids of others' messages. */
    const stored = new Map<string, Key[]>()
    for (const [index, message] of batch.entries()) {
      const result = results[index]
      if (result !== 'stored') {
        context.onDeclined(message.id, refusalOf(result))
        continue
      }
      const sender = encodeKeyHex(message.from)
      const ids = stored.get(sender)
      if (ids) ids.push(message.id)
      else stored.set(sender, [message.id])
    }
    for (const ids of stored.values()) {
      for (let i = 0; i < ids.length; i += MAX_RECEIPT_IDS) {
        context.onReceipt(signReceipt(context.secret, ids.slice(i, i + MAX_RECEIPT_IDS), context.now()))
      }
    }
    for (const [index, message] of batch.entries()) if (results[index] === 'stored') tell(message)
  }

  return {
    end: name,
    get ready() {
      return context.ready()
    },
    give(envelope) {
      if (isClosed) return
      if (keep === undefined && heard.has(encodeKeyHex(envelope.id))) return
      if (pending >= MAX_WAITING) return context.onDeclined(envelope.id, 'not-stored')
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
      await context.onClosed()
    },
  }
}

/** A store is its user's code: what it says besides 'stored' may be no refusal that can be told. */
function refusalOf(result: MessageRefusal | undefined): MessageRefusal {
  return result !== undefined && Object.hasOwn(REFUSALS, result) ? result : 'not-stored'
}

/** A store that fails has stored nothing. */
async function kept(store: NonNullable<TapOptions['keep']>, batch: Message[]): Promise<Kept[]> {
  try {
    const results: unknown = await store(batch)
    return Array.isArray(results) ? results : []
  } catch {
    return []
  }
}

/** @throws {MayflyError} ERR_WRONG_KEY, when the hashname is another secret's */
export function refuseForeignHashname(end: End, hashname: string): void {
  if (end.kind === 'hashname' && end.text !== hashname)
    throw new MayflyError('ERR_WRONG_KEY', `Cannot tap ${end.text}: the secret is that of ${hashname}`)
}
