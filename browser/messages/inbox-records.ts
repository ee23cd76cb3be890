/**
 * The messages that this origin has received, in IndexedDB, each once. When the inbox is full, the oldest message of the sender with the most is
 * evicted (`sender-usage.ts`). The id of a message is known for as long as the message could arrive again.
 */

import type { InboxMessage, Kept, MessageRefusal } from '../../node/index.ts'
import { answerOf, eachRow } from '../peer/database.ts'
import { bytesOf, type InboxRow } from './inbox-row.ts'
import type { MailDatabase } from './mail-database.ts'
import { SenderUsage, USAGE_STORES } from './sender-usage.ts'

export interface ArrivedMessage extends Omit<InboxMessage, 'sequence' | 'name' | 'storedAtMs'> {
  expiresAtMs: number
}

/** Why a new message is refused; undefined when it is accepted. */
type Refuse = (message: ArrivedMessage) => MessageRefusal | undefined

export const INBOX_RECORDS_DEFAULTS = {
  /** Stored messages, and the sum of their sizes in bytes. */
  maxMessages: 2_000, // a list that a person can still scroll through
  maxBytes: 33_554_432, // 500 messages of the largest size
  /** Known ids. New messages are refused as 'full' until some ids expire. */
  maxKnown: 100_000, // 10 MB on the disk; a week of one message every six seconds
}

export type InboxRecordsOptions = Partial<typeof INBOX_RECORDS_DEFAULTS>

/** Longer than the network accepts a message after its expiry, since clocks differ. */
const KNOWN_AFTER_END_MS = 600_000

export class InboxRecords {
  readonly #database: MailDatabase
  readonly #limits: typeof INBOX_RECORDS_DEFAULTS
  readonly #now: () => number

  constructor(database: MailDatabase, options: InboxRecordsOptions & { now?: () => number } = {}) {
    const { now = Date.now, ...limits } = options
    this.#database = database
    this.#limits = { ...INBOX_RECORDS_DEFAULTS, ...limits }
    this.#now = now
  }

  /** Resolves when the messages are on the disk: the result for each, and the new rows. Messages that cannot be written are 'not-stored'. */
  async keep(messages: readonly ArrivedMessage[], refuse: Refuse = () => undefined): Promise<{ kept: Kept[]; added: InboxRow[] }> {
    try {
      return await this.#database.change(['known', ...USAGE_STORES], (known) => this.#keep(known, messages, refuse))
    } catch {
      return { kept: messages.map(() => 'not-stored'), added: [] } // a full disk, or storage that was revoked: senders retry
    }
  }

  /** Newest first. */
  list(limit: number): Promise<InboxRow[]> {
    return this.#database.read(['inbox'], async (inbox) => {
      const rows: InboxRow[] = []
      await eachRow(inbox.openCursor(null, 'prev'), ({ value }) => rows.push(value as InboxRow) < limit)
      return rows
    })
  }

  /** All messages, and those after the last one that was read. */
  count(): Promise<{ messages: number; unread: number }> {
    return this.#database.read(['inbox', 'facts'], async (inbox, facts) => {
      const readUpTo = await numberOf(facts, 'readUpTo')
      return { messages: await answerOf(inbox.count()), unread: await answerOf(inbox.count(IDBKeyRange.lowerBound(readUpTo, true))) }
    })
  }

  async markRead(sequence: number): Promise<void> {
    await this.#database.change(['facts'], async (facts) => {
      if ((await numberOf(facts, 'readUpTo')) < sequence) facts.put(sequence, 'readUpTo')
    })
  }

  /** Removes a message. Its id stays known, so it does not arrive again. */
  async remove(sequence: number): Promise<void> {
    await this.#database.change(USAGE_STORES, async (inbox, _usage, _senders, facts) => {
      const row: InboxRow | undefined = await answerOf(inbox.get(sequence))
      if (row === undefined) return
      await answerOf(inbox.delete(sequence))
      await new SenderUsage(inbox.transaction).remove(row)
      facts.put((await numberOf(facts, 'bytes')) - bytesOf(row), 'bytes')
    })
  }

  async #keep(known: IDBObjectStore, messages: readonly ArrivedMessage[], refuse: Refuse): Promise<{ kept: Kept[]; added: InboxRow[] }> {
    const { transaction } = known
    const [inbox, facts] = [transaction.objectStore('inbox'), transaction.objectStore('facts')]
    const storedAtMs = this.#now()
    await forgetExpired(known, storedAtMs - KNOWN_AFTER_END_MS)
    const usage = new SenderUsage(transaction)
    let bytes = await numberOf(facts, 'bytes')
    let room = this.#limits.maxKnown - (await answerOf(known.count()))
    const kept: Kept[] = []
    const added: InboxRow[] = []
    for (const arrived of messages) {
      const { expiresAtMs, ...message } = arrived
      if ((await answerOf(known.count(message.id))) > 0) {
        kept.push('stored')
        continue
      }
      const refusal = refuse(arrived)
      if (refusal !== undefined) {
        kept.push(refusal)
        continue
      }
      if (room < 1) {
        kept.push('full')
        continue
      }
      room--
      known.add({ id: message.id, expiresAtMs })
      const sequence = (await answerOf(inbox.add({ ...message, storedAtMs }))) as number
      const row = { ...message, storedAtMs, sequence }
      bytes += bytesOf(row)
      await usage.add(row)
      added.push(row)
      kept.push('stored')
    }
    if (added.length > 0) facts.put(await this.#makeRoom(inbox, usage, bytes), 'bytes')
    return { kept, added }
  }

  /** Evicts messages over the limits. @returns the remaining bytes */
  async #makeRoom(inbox: IDBObjectStore, usage: SenderUsage, before: number): Promise<number> {
    const { maxMessages, maxBytes } = this.#limits
    let bytes = before
    let messages = await answerOf(inbox.count())
    while (messages > maxMessages || bytes > maxBytes) {
      const from =
        messages > maxMessages ? await usage.mostUsing('messages', maxMessages, messages) : await usage.mostUsing('bytes', maxBytes, bytes)
      const sequence = from && (await usage.oldestOf(from))
      const row: InboxRow | undefined = sequence && (await answerOf(inbox.get(sequence)))
      if (row === undefined) return bytes
      await answerOf(inbox.delete(row.sequence))
      await usage.remove(row)
      messages--
      bytes -= bytesOf(row)
    }
    return bytes
  }
}

async function forgetExpired(known: IDBObjectStore, beforeMs: number): Promise<void> {
  const expired = await answerOf(known.index('expires').getAllKeys(IDBKeyRange.upperBound(beforeMs, true)))
  for (const id of expired) known.delete(id)
}

/** 0 when it was never set. */
async function numberOf(facts: IDBObjectStore, fact: 'readUpTo' | 'bytes'): Promise<number> {
  const value: number | undefined = await answerOf(facts.get(fact))
  return value ?? 0
}
