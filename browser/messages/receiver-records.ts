/** The receiver of this origin, in IndexedDB: its secret, the settings of its ends, and the senders that it has named or muted. */

import type { MessageSecret } from '../../node/index.ts'
import { answerOf } from '../peer/database.ts'
import type { EndSettings } from './end-settings.ts'
import type { MailDatabase } from './mail-database.ts'
import { SenderUsage, USAGE_STORES } from './sender-usage.ts'

export const RECEIVER_LIMITS = {
  ends: 50, // below the number of taps that a home accepts from one tab
  senders: 1_000,
  nameLength: 40,
} as const

interface SenderRow {
  hashname: string
  name?: string
  isMuted?: boolean
}

/** One of the limits above is reached. */
export class TooMany extends Error {
  override readonly name = 'TooMany'
}

export class ReceiverRecords {
  readonly #database: MailDatabase

  constructor(database: MailDatabase) {
    this.#database = database
  }

  /** The secret of this origin's address, if it has one. */
  secret(): Promise<MessageSecret | undefined> {
    return this.#database.read(['facts'], (facts) => answerOf(facts.get('secret')))
  }

  /** As `secret`; when there is none, a new one becomes it: that of the first of several tabs. */
  ownSecret(secret: MessageSecret): Promise<MessageSecret> {
    return this.#database.change(['facts'], async (facts) => {
      const before: MessageSecret | undefined = await answerOf(facts.get('secret'))
      if (before !== undefined) return before
      await answerOf(facts.put(secret, 'secret'))
      return secret
    })
  }

  /** Another secret takes the place of this origin's. The settings of the address before stay, for when it comes back. */
  async replaceSecret(secret: MessageSecret): Promise<void> {
    await this.#database.change(['facts'], (facts) => answerOf(facts.put(secret, 'secret')))
  }

  /** The settings of open ends, and of this origin's hashname if it has some. */
  async ends(): Promise<EndSettings[]> {
    const rows = await this.#database.read(['ends'], (ends) => answerOf(ends.getAll()))
    return rows.map((row: Pick<EndSettings, 'end'> & Partial<EndSettings>) => ({ policy: 'open', rules: [], ...row }))
  }

  /** Listens to an end, or changes its settings. @throws {TooMany} */
  async setEnd(settings: EndSettings): Promise<void> {
    await this.#database.change(['ends'], (ends) => putBounded(ends, settings, settings.end, RECEIVER_LIMITS.ends, 'names to listen to'))
  }

  async removeEnd(end: string): Promise<void> {
    await this.#database.change(['ends'], (ends) => answerOf(ends.delete(end)))
  }

  /** Names by hashname, and muted hashnames. */
  async senders(): Promise<{ names: ReadonlyMap<string, string>; muted: ReadonlySet<string> }> {
    const rows: SenderRow[] = await this.#database.read(['senders'], (senders) => answerOf(senders.getAll()))
    return {
      names: new Map(rows.flatMap(({ hashname, name }) => (name ? [[hashname, name]] : []))),
      muted: new Set(rows.flatMap(({ hashname, isMuted }) => (isMuted ? [hashname] : []))),
    }
  }

  /** Changes the name of a sender ('' removes it), or mutes or unmutes it. @throws {TooMany} */
  async setSender(hashname: string, change: { name?: string; isMuted?: boolean }): Promise<void> {
    await this.#database.change(USAGE_STORES, async (_inbox, _usage, senders) => {
      const before: SenderRow | undefined = await answerOf(senders.get(hashname))
      const after = { hashname, ...before, ...change }
      after.name = (after.name ?? '').trim().slice(0, RECEIVER_LIMITS.nameLength)
      if (after.name === '' && after.isMuted !== true) await answerOf(senders.delete(hashname))
      else await putBounded(senders, after, hashname, RECEIVER_LIMITS.senders, 'named or muted senders')
      await new SenderUsage(senders.transaction).renamed(hashname)
    })
  }
}

async function putBounded(rows: IDBObjectStore, row: object, key: string, limit: number, what: string): Promise<void> {
  const isNew = (await answerOf(rows.count(key))) === 0
  if (isNew && (await answerOf(rows.count())) >= limit)
    throw new TooMany(`This browser has ${limit} ${what}, which is the limit. Remove one first.`)
  await answerOf(rows.put(row))
}
