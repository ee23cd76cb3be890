/**
 * Bodies that are too large for a message. They are held as content, and stored in IndexedDB, so that the tab of this origin that receives holds
 * them again after a reload. A body is kept until its message expires or is removed from the outbox. An encrypted body is stored as the
 * cipher text that others fetch; only the message contains its key.
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

export interface LargeBodiesOptions extends Partial<typeof LARGE_BODIES_DEFAULTS> {
  database: MailDatabase
  content: Pick<ContentStore, 'hold' | 'release'>
  outbox: Pick<OutboxStore, 'get'>
  now?: () => number
}

export const LARGE_BODIES_DEFAULTS = {
  maxBodies: 128, // half of what a tab may hold
  /** Sum of all bodies, in bytes. */
  maxBytes: 67_108_864,
}

interface LargeBodyRow {
  /** Hash of the held content, hex. */
  hash: string
  size: number
  keptAtMs: number
  /** Id of the message; undefined until the message is in the outbox. */
  messageId?: Key
}

/** A row of an earlier version has its bytes in a Blob. Now they are bytes in a store of their own: WebKit's private windows store no Blob. */
type StoredRow = LargeBodyRow | (Omit<LargeBodyRow, 'size'> & { blob: Blob })

const STORES = ['large', 'largeBytes'] as const

/** A body without a message is dropped after this time, in ms: its tab was closed before the message was in the outbox. */
const UNSENT_MS = 600_000

export class LargeBodies {
  readonly #options: Required<LargeBodiesOptions>
  /** Held in this tab, by hash. Bounded: maxBodies. */
  readonly #held = new Set<string>()

  constructor(options: LargeBodiesOptions) {
    this.#options = { ...LARGE_BODIES_DEFAULTS, now: Date.now, ...options }
  }

  /**
   * Holds and stores a body. It belongs to no message yet: call `sent` or `drop` afterwards.
   *
   * @throws {TooMany} @throws {MayflyError} ERR_LIMIT, ERR_TOO_LARGE, ERR_NO_CRYPTO @throws DOMException
   */
  async hold(body: Uint8Array, isSealed: boolean, type: string): Promise<{ hash: string; link: string }> {
    const { source, linkOf } = await prepareLargeBody(body, isSealed, type)
    const bytes = new Uint8Array(await source.read(0, source.size))
    const hash = encodeKeyHex(await sha256(bytes))
    await this.#keep({ hash, size: bytes.byteLength, keptAtMs: this.#options.now() }, bytes)
    this.#held.add(hash)
    try {
      return { hash, link: linkOf(await this.#options.content.hold(blobSource(new Blob([bytes])))) }
    } catch (error) {
      await this.drop(hash)
      throw error
    }
  }

  /** Call it when the message with the link is in the outbox. */
  async sent(hash: string, messageId: Key): Promise<void> {
    await this.#options.database.change(['large'], async (bodies) => {
      const row: StoredRow | undefined = await answerOf(bodies.get(hash))
      if (row !== undefined) await answerOf(bodies.put({ ...row, messageId }))
    })
  }

  async drop(hash: string): Promise<void> {
    await this.#options.database.change(STORES, async (bodies, bytes) => {
      await Promise.all([answerOf(bodies.delete(hash)), answerOf(bytes.delete(hash))])
    })
    await this.#release(hash)
  }

  /**
   * Releases bodies that were dropped, here or in another tab.
   *
   * @param isKeeper true in one tab of this origin: it also holds stored bodies, and drops those whose message is over
   */
  async follow(isKeeper: boolean): Promise<void> {
    const rows: StoredRow[] = await this.#options.database.read(['large'], (bodies) => answerOf(bodies.getAll()))
    const kept = new Set(rows.map(({ hash }) => hash))
    for (const hash of [...this.#held]) if (!kept.has(hash)) await this.#release(hash)
    for (const row of isKeeper ? rows : []) {
      if (await this.#isOver(row)) await this.drop(row.hash)
      else if (!this.#held.has(row.hash)) await this.#holdAgain(row)
    }
  }

  async #holdAgain(row: StoredRow): Promise<void> {
    const { hash } = row
    this.#held.add(hash)
    try {
      const blob = 'blob' in row ? row.blob : new Blob([await this.#bytesOf(hash)])
      const { key } = await this.#options.content.hold(blobSource(blob))
      if (encodeKeyHex(key) === hash) return
      await this.#options.content.release(key)
      await this.drop(hash) // the stored bytes are damaged: nobody could read them
    } catch {
      this.#held.delete(hash) // over a limit, or the peer stops: tried again at the next change
    }
  }

  #bytesOf(hash: string): Promise<Uint8Array<ArrayBuffer>> {
    return this.#options.database.read(['largeBytes'], async (bytes) => (await answerOf(bytes.get(hash))) ?? new Uint8Array())
  }

  async #isOver({ messageId, keptAtMs }: StoredRow): Promise<boolean> {
    const nowMs = this.#options.now()
    if (messageId === undefined) return nowMs - keptAtMs > UNSENT_MS
    const entry = await this.#options.outbox.get(messageId)
    return entry === undefined || entry.expiresAtMs <= nowMs || wasRefused(entry)
  }

  async #keep(row: LargeBodyRow, body: Uint8Array): Promise<void> {
    const { maxBodies, maxBytes } = this.#options
    await this.#options.database.change(STORES, async (bodies, bytes) => {
      const others: StoredRow[] = (await answerOf(bodies.getAll())).filter(({ hash }: StoredRow) => hash !== row.hash)
      const sum = others.reduce((total, other) => total + ('blob' in other ? other.blob.size : other.size), row.size)
      if (others.length >= maxBodies || sum > maxBytes)
        throw new TooMany('Too many long messages are waiting to be read. Cancel or remove some of them in the list of sent messages')
      await Promise.all([answerOf(bodies.put(row)), answerOf(bytes.put(body, row.hash))])
    })
  }

  async #release(hash: string): Promise<void> {
    if (this.#held.delete(hash)) await this.#options.content.release(decodeKeyHex(hash))
  }
}

function wasRefused({ isDone, outcome }: OutboxEntry): boolean {
  return isDone && (outcome?.state === 'refused' || outcome?.state === 'expired')
}
