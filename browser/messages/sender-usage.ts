/**
 * Usage of this origin's inbox by sender, in IndexedDB, and the choice of whom to evict when the inbox is full. As in the inbox of a node, half
 * of the space is for named senders and half for the others; either may use what the other leaves free. Within a half, the sender with the
 * most is evicted first, so a flood evicts itself. All calls run in the transaction that changes the inbox.
 */

import { answerOf } from '../peer/database.ts'
import { bytesOf, type InboxRow } from './inbox-row.ts'

type Measure = 'messages' | 'bytes'

interface UsageRow {
  from: string
  /** 1: the sender has a name. A number, since an index takes no booleans. */
  isNamed: 0 | 1
  messages: number
  bytes: number
  /** Negative sequence of the oldest message: of two senders with equal usage, the one with the older message is last in the index. */
  age: number
}

/** Object stores that the transaction must include. */
export const USAGE_STORES = ['inbox', 'shares', 'senders', 'facts'] as const

export function createUsageStore(database: IDBDatabase): void {
  const usage = database.createObjectStore('shares', { keyPath: 'from' })
  usage.createIndex('messages', ['isNamed', 'messages', 'age'])
  usage.createIndex('bytes', ['isNamed', 'bytes', 'age'])
}

export class SenderUsage {
  readonly #inbox: IDBObjectStore
  readonly #usage: IDBObjectStore
  readonly #senders: IDBObjectStore
  readonly #facts: IDBObjectStore

  /** Valid as long as the transaction. */
  constructor(transaction: IDBTransaction) {
    this.#inbox = transaction.objectStore('inbox')
    this.#usage = transaction.objectStore('shares')
    this.#senders = transaction.objectStore('senders')
    this.#facts = transaction.objectStore('facts')
  }

  /** Call it after a message was added. */
  async add(added: InboxRow): Promise<void> {
    const { sequence, from } = added
    const bytes = bytesOf(added)
    const before: UsageRow | undefined = await answerOf(this.#usage.get(from))
    const isNamed = before?.isNamed ?? (await this.#nameOf(from))
    const row = before ?? { from, isNamed, messages: 0, bytes: 0, age: -sequence }
    this.#usage.put({ ...row, messages: row.messages + 1, bytes: row.bytes + bytes })
    if (row.isNamed === 1) await this.#countNamed(1, bytes)
  }

  /** Call it after a message was removed. */
  async remove(removed: InboxRow): Promise<void> {
    const { from } = removed
    const bytes = bytesOf(removed)
    const row: UsageRow | undefined = await answerOf(this.#usage.get(from))
    if (row === undefined) return
    const oldest = await this.oldestOf(from)
    if (oldest === undefined) this.#usage.delete(from)
    else this.#usage.put({ ...row, messages: row.messages - 1, bytes: row.bytes - bytes, age: -oldest })
    if (row.isNamed === 1) await this.#countNamed(-1, -bytes)
  }

  /** Call it after a sender was named, or its name was removed. */
  async renamed(from: string): Promise<void> {
    const row: UsageRow | undefined = await answerOf(this.#usage.get(from))
    const isNamed = await this.#nameOf(from)
    if (row === undefined || row.isNamed === isNamed) return
    this.#usage.put({ ...row, isNamed })
    const sign = isNamed === 1 ? 1 : -1
    await this.#countNamed(sign * row.messages, sign * row.bytes)
  }

  /** The sender whose oldest message is evicted when there is more than `room`; undefined when there are no messages. */
  async mostUsing(measure: Measure, room: number, total: number): Promise<string | undefined> {
    const named = await this.#named()
    // Named senders are evicted only while the others use no more than their half.
    const first = total - named[measure] <= room / 2 ? 1 : 0
    return (await this.#most(measure, first)) ?? (await this.#most(measure, first === 1 ? 0 : 1))
  }

  /** Sequence of the sender's oldest message. */
  async oldestOf(from: string): Promise<number | undefined> {
    const key = await answerOf(this.#inbox.index('from').getKey(from))
    return key as number | undefined
  }

  async #most(measure: Measure, isNamed: 0 | 1): Promise<string | undefined> {
    const range = IDBKeyRange.bound([isNamed], [isNamed, []]) // an array sorts after every number
    const cursor = await answerOf(this.#usage.index(measure).openKeyCursor(range, 'prev'))
    return cursor?.primaryKey as string | undefined
  }

  async #nameOf(from: string): Promise<0 | 1> {
    const sender: { name?: string } | undefined = await answerOf(this.#senders.get(from))
    return sender?.name ? 1 : 0
  }

  async #named(): Promise<Record<Measure, number>> {
    const named: Record<Measure, number> | undefined = await answerOf(this.#facts.get('named'))
    return named ?? { messages: 0, bytes: 0 }
  }

  async #countNamed(messages: number, bytes: number): Promise<void> {
    const before = await this.#named()
    this.#facts.put({ messages: before.messages + messages, bytes: before.bytes + bytes }, 'named')
  }
}
