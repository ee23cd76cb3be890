/** The beginnings of sent messages, in IndexedDB: the outbox has them encrypted for their receivers, and the sender cannot decrypt them. */

import { answerOf } from '../peer/database.ts'
import type { MailDatabase } from './mail-database.ts'

const SENT_TEXTS_LIMITS = {
  texts: 1_000, // as many as the outbox keeps of done messages
  length: 200, // enough to recognise it
} as const

interface SentText {
  /** Id of the message, hex. */
  id: string
  text: string
  sentAtMs: number
}

export class SentTexts {
  readonly #database: MailDatabase

  constructor(database: MailDatabase) {
    this.#database = database
  }

  async remember(id: string, whole: string): Promise<void> {
    const text = whole.length > SENT_TEXTS_LIMITS.length ? `${whole.slice(0, SENT_TEXTS_LIMITS.length)}…` : whole
    await this.#database.change(['sent'], async (sent) => {
      await answerOf(sent.put({ id, text, sentAtMs: Date.now() } satisfies SentText))
      const over = (await answerOf(sent.count())) - SENT_TEXTS_LIMITS.texts
      if (over > 0) for (const oldest of await answerOf(sent.index('sentAt').getAllKeys(null, over))) sent.delete(oldest)
    })
  }

  async forget(id: string): Promise<void> {
    await this.#database.change(['sent'], (sent) => answerOf(sent.delete(id)))
  }

  /** By id. */
  async all(): Promise<ReadonlyMap<string, string>> {
    const rows: SentText[] = await this.#database.read(['sent'], (sent) => answerOf(sent.getAll()))
    return new Map(rows.map(({ id, text }) => [id, text]))
  }
}
