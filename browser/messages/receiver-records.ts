/** Who this origin is as a receiver, in IndexedDB: its secret, the open ends that it listens to, and the names of senders it knows. */

import type { MessageSecret } from '../../node/index.ts'
import { answerOf } from '../database.ts'
import type { MailDatabase } from './mail-database.ts'

export const RECEIVER_LIMITS = {
  ends: 50, // a home takes so many taps of one tab, and more
  senders: 1_000,
  nameLength: 40,
} as const

/** Over one of the limits above. */
export class TooMany extends Error {
  override readonly name = 'TooMany'
}

export class ReceiverRecords {
  readonly #database: MailDatabase

  constructor(database: MailDatabase) {
    this.#database = database
  }

  /** The secret of this origin's address, when it has one. */
  secret(): Promise<MessageSecret | undefined> {
    return this.#database.read(['facts'], (transaction) => answerOf(transaction.objectStore('facts').get('secret')))
  }

  /** The same; made once, whoever of several tabs asks first. */
  ownSecret(create: () => MessageSecret): Promise<MessageSecret> {
    return this.#database.change(['facts'], async (transaction) => {
      const facts = transaction.objectStore('facts')
      const before: MessageSecret | undefined = await answerOf(facts.get('secret'))
      if (before !== undefined) return before
      const secret = create()
      await answerOf(facts.put(secret, 'secret'))
      return secret
    })
  }

  /** The ends that are listened to, by name. */
  async ends(): Promise<string[]> {
    return (await this.#database.read(['ends'], (transaction) => answerOf(transaction.objectStore('ends').getAllKeys()))) as string[]
  }

  /** @throws {TooMany} */
  async addEnd(end: string): Promise<void> {
    await this.#put('ends', { end }, end, RECEIVER_LIMITS.ends)
  }

  async removeEnd(end: string): Promise<void> {
    await this.#database.change(['ends'], (transaction) => answerOf(transaction.objectStore('ends').delete(end)))
  }

  /** Names by hashname. */
  async names(): Promise<ReadonlyMap<string, string>> {
    const rows: { hashname: string; name: string }[] = await this.#database.read(['senders'], (transaction) =>
      answerOf(transaction.objectStore('senders').getAll()),
    )
    return new Map(rows.map(({ hashname, name }) => [hashname, name]))
  }

  /** Names a sender, or makes it unnamed (''). @throws {TooMany} */
  async name(hashname: string, text: string): Promise<void> {
    const name = text.trim().slice(0, RECEIVER_LIMITS.nameLength)
    if (name !== '') return this.#put('senders', { hashname, name }, hashname, RECEIVER_LIMITS.senders)
    await this.#database.change(['senders'], (transaction) => answerOf(transaction.objectStore('senders').delete(hashname)))
  }

  async #put(table: 'ends' | 'senders', row: object, key: string, limit: number): Promise<void> {
    await this.#database.change([table], async (transaction) => {
      const rows = transaction.objectStore(table)
      const isNew = (await answerOf(rows.count(key))) === 0
      if (isNew && (await answerOf(rows.count())) >= limit) throw new TooMany(`There are ${limit} already; remove one first.`)
      await answerOf(rows.put(row))
    })
  }
}
