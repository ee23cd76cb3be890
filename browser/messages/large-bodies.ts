/**
 * Bodies that were too large for a message: held as content, and kept in IndexedDB, so that they are held again after a reload, by whichever tab
 * of this origin receives. One is kept until its message is over, or its record in the outbox was taken away. What is sealed is kept as
 * the cipher text that others get; its key is in the message alone.
 */

import {
  blobSource,
  type ContentStore,
  decodeKeyHex,
  encodeKeyHex,
  type Key,
  type OutboxEntry,
  type OutboxStore,
  prepareLargeBody,
  sha256,
} from '../../node/index.ts'
import { answerOf } from '../peer/database.ts'
import type { MailDatabase } from './mail-database.ts'
import { TooMany } from './receiver-records.ts'

export interface LargeBodiesOptions {
  database: MailDatabase
  content: Pick<ContentStore, 'hold' | 'release'>
  outbox: Pick<OutboxStore, 'get'>
  maxBodies?: number
  /** Of all of them, in bytes. */
  maxBytes?: number
  now?: () => number
}

export const LARGE_BODIES_DEFAULTS = {
  maxBodies: 128, // half of what a tab may hold
  maxBytes: 67_108_864,
} as const

interface Row {
  /** Of what is held, hex. */
  hash: string
  blob: Blob
  keptAtMs: number
  /** Undefined until its message is in the outbox. */
  messageId?: Key
}

/** A body whose message did not get into the outbox by then, in ms: its tab was closed in between. */
const UNSENT_MS = 600_000

export class LargeBodies {
  readonly #options: Required<LargeBodiesOptions>
  /** Held in this tab, by hash. Bounded: maxBodies. */
  readonly #held = new Set<string>()

  constructor(options: LargeBodiesOptions) {
    this.#options = { ...LARGE_BODIES_DEFAULTS, now: Date.now, ...options }
  }

  /**
   * Holds a body, and keeps it. It belongs to no message yet: `sent` says to which, or `drop` that to none.
   *
   * @throws {TooMany} @throws {MayflyError} ERR_LIMIT, ERR_TOO_LARGE, ERR_NO_CRYPTO @throws DOMException
   */
  async hold(body: Uint8Array, isSealed: boolean, type: string): Promise<{ hash: string; link: string }> {
    const { source, linkOf } = await prepareLargeBody(body, isSealed, type)
    const bytes = new Uint8Array(await source.read(0, source.size))
    const hash = encodeKeyHex(await sha256(bytes))
    const blob = new Blob([bytes])
    await this.#keep({ hash, blob, keptAtMs: this.#options.now() })
    this.#held.add(hash)
    try {
      return { hash, link: linkOf(await this.#options.content.hold(blobSource(blob))) }
    } catch (error) {
      await this.drop(hash)
      throw error
    }
  }

  /** The message with its link is in the outbox. */
  async sent(hash: string, messageId: Key): Promise<void> {
    await this.#change(async (bodies) => {
      const row: Row | undefined = await answerOf(bodies.get(hash))
      if (row !== undefined) await answerOf(bodies.put({ ...row, messageId }))
    })
  }

  async drop(hash: string): Promise<void> {
    await this.#change((bodies) => answerOf(bodies.delete(hash)))
    await this.#release(hash)
  }

  /**
   * Lets go what was dropped, here or in another tab.
   *
   * @param isKeeper of one tab: it also holds what is kept and not held here yet, and drops what is over
   */
  async follow(isKeeper: boolean): Promise<void> {
    const rows: Row[] = await this.#options.database.read(['large'], (transaction) => answerOf(transaction.objectStore('large').getAll()))
    const kept = new Set(rows.map(({ hash }) => hash))
    for (const hash of [...this.#held]) if (!kept.has(hash)) await this.#release(hash)
    for (const row of isKeeper ? rows : []) {
      if (await this.#isOver(row)) await this.drop(row.hash)
      else if (!this.#held.has(row.hash)) await this.#holdAgain(row)
    }
  }

  async #holdAgain({ hash, blob }: Row): Promise<void> {
    this.#held.add(hash)
    try {
      const { key } = await this.#options.content.hold(blobSource(blob))
      if (encodeKeyHex(key) === hash) return
      await this.#options.content.release(key)
      await this.drop(hash) // not what was written: nobody could read it
    } catch {
      this.#held.delete(hash) // over a limit, or the peer is being stopped: at the next change
    }
  }

  async #isOver({ messageId, keptAtMs }: Row): Promise<boolean> {
    const nowMs = this.#options.now()
    if (messageId === undefined) return nowMs - keptAtMs > UNSENT_MS
    const entry = await this.#options.outbox.get(messageId)
    return entry === undefined || entry.expiresAtMs <= nowMs || wasRefused(entry)
  }

  async #keep(row: Row): Promise<void> {
    const { maxBodies, maxBytes } = this.#options
    await this.#change(async (bodies) => {
      const others: Row[] = (await answerOf(bodies.getAll())).filter(({ hash }: Row) => hash !== row.hash)
      const bytes = others.reduce((sum, { blob }) => sum + blob.size, row.blob.size)
      if (others.length >= maxBodies || bytes > maxBytes)
        throw new TooMany('Too many long messages wait to be read. Give up on some of them, or forget them, in the list of what was sent')
      await answerOf(bodies.put(row))
    })
  }

  #change<T>(work: (bodies: IDBObjectStore) => Promise<T>): Promise<T> {
    return this.#options.database.change(['large'], (transaction) => work(transaction.objectStore('large')))
  }

  async #release(hash: string): Promise<void> {
    if (this.#held.delete(hash)) await this.#options.content.release(decodeKeyHex(hash))
  }
}

function wasRefused({ isDone, outcome }: OutboxEntry): boolean {
  return isDone && (outcome?.state === 'refused' || outcome?.state === 'expired')
}
