/**
 * Who has how much in the inbox of this origin, and who gives way when there is too much: in IndexedDB, in the transactions of those who change
 * the inbox. As in the inbox of a full receiver, half of the room is for senders with a name, half for the others, either may use what the
 * other leaves free, and within a half whoever has the most gives way first: a flood pushes out itself.
 */

import { answerOf } from '../peer/database.ts'

export type Measure = 'messages' | 'bytes'

export interface ShareEntry {
  sequence: number
  /** Hashname. */
  from: string
  bytes: number
}

interface Share {
  /** Hashname. */
  from: string
  /** 1: it has a name. A number, since an index takes no booleans. */
  isNamed: 0 | 1
  messages: number
  bytes: number
  /** The less, the older its oldest message is, negative: of two who have as much, the one with the oldest comes last in the index. */
  age: number
}

/** Object stores that a transaction with shares must have, besides `inbox`. */
export const SHARE_STORES = ['shares', 'senders', 'facts'] as const

/** Makes the tables. */
export function createShareStore(database: IDBDatabase): void {
  const shares = database.createObjectStore('shares', { keyPath: 'from' })
  shares.createIndex('messages', ['isNamed', 'messages', 'age'])
  shares.createIndex('bytes', ['isNamed', 'bytes', 'age'])
}

export class InboxShares {
  readonly #inbox: IDBObjectStore
  readonly #shares: IDBObjectStore
  readonly #senders: IDBObjectStore
  readonly #facts: IDBObjectStore

  /** Good as long as the transaction. */
  constructor(transaction: IDBTransaction) {
    this.#inbox = transaction.objectStore('inbox')
    this.#shares = transaction.objectStore('shares')
    this.#senders = transaction.objectStore('senders')
    this.#facts = transaction.objectStore('facts')
  }

  /** To be called after the message was added. */
  async add({ sequence, from, bytes }: ShareEntry): Promise<void> {
    const before: Share | undefined = await answerOf(this.#shares.get(from))
    const isNamed = before?.isNamed ?? (await this.#nameOf(from))
    const share = before ?? { from, isNamed, messages: 0, bytes: 0, age: -sequence }
    this.#shares.put({ ...share, messages: share.messages + 1, bytes: share.bytes + bytes })
    if (share.isNamed === 1) await this.#countNamed(1, bytes)
  }

  /** To be called after the message was removed. */
  async remove({ from, bytes }: ShareEntry): Promise<void> {
    const share: Share | undefined = await answerOf(this.#shares.get(from))
    if (share === undefined) return
    const oldest = await this.oldestOf(from)
    if (oldest === undefined) this.#shares.delete(from)
    else this.#shares.put({ ...share, messages: share.messages - 1, bytes: share.bytes - bytes, age: -oldest })
    if (share.isNamed === 1) await this.#countNamed(-1, -bytes)
  }

  /** To be called after a sender was given a name, or lost it. */
  async renamed(from: string): Promise<void> {
    const share: Share | undefined = await answerOf(this.#shares.get(from))
    const isNamed = await this.#nameOf(from)
    if (share === undefined || share.isNamed === isNamed) return
    this.#shares.put({ ...share, isNamed })
    const sign = isNamed === 1 ? 1 : -1
    await this.#countNamed(sign * share.messages, sign * share.bytes)
  }

  /** The sender who gives way when there is more than `room`; undefined when there are no messages. */
  async givesWay(measure: Measure, room: number, total: number): Promise<string | undefined> {
    const named = await this.#named()
    // Whichever half is over its own; the other one is what it may use.
    const first = total - named[measure] <= room / 2 ? 1 : 0
    return (await this.#most(measure, first)) ?? (await this.#most(measure, first === 1 ? 0 : 1))
  }

  /** The sequence of the sender's oldest message. */
  async oldestOf(from: string): Promise<number | undefined> {
    const key = await answerOf(this.#inbox.index('from').getKey(from))
    return key as number | undefined
  }

  async #most(measure: Measure, isNamed: 0 | 1): Promise<string | undefined> {
    const range = IDBKeyRange.bound([isNamed], [isNamed, []]) // an array is behind every number
    const cursor = await answerOf(this.#shares.index(measure).openKeyCursor(range, 'prev'))
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
