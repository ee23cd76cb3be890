/**
 * The tables of an inbox, and the statements on them: what is in it, not what may come in (`inbox-admission.ts`), nor when it is committed
 * (`inbox.ts`). All of it is synchronous, on one connection. A row that is not what was written is told and left out; the others are given.
 */

import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite'
import type { InboxMessage, InboxQuery, Message } from '../../index.ts'
import { type DatabaseForm, explainDatabaseError, openDatabaseFile } from '../store/database-file.ts'
import { type InboxRow, inboxMessageOf, type KeptMessage, messageOfRow, type RowFacts, rowOf } from './inbox-row.ts'
import { matchOfWord, searchableText, searchWords } from './inbox-search.ts'
import { InboxSenders } from './inbox-senders.ts'
import { InboxTally, type TallyEntry } from './inbox-tally.ts'

const FORM: DatabaseForm = {
  noun: 'inbox',
  applicationId: 0x6d66_696e, // "mfin"
  version: 1,
  rescue: '--export',
  // AUTOINCREMENT: a sequence is never used again, also when the newest message is removed.
  schema: `
    CREATE TABLE messages (
      sequence INTEGER PRIMARY KEY AUTOINCREMENT,
      id BLOB NOT NULL UNIQUE,
      end_text TEXT NOT NULL,
      sender TEXT NOT NULL,
      sent_at_ms INTEGER NOT NULL,
      stored_at_ms INTEGER NOT NULL,
      expires_at_ms INTEGER NOT NULL,
      is_sealed INTEGER NOT NULL,
      type TEXT NOT NULL,
      fields TEXT NOT NULL,
      body BLOB NOT NULL,
      envelope BLOB NOT NULL,
      checksum BLOB NOT NULL
    ) STRICT;
    CREATE INDEX messages_by_end ON messages (end_text, sequence);
    CREATE INDEX messages_by_sender ON messages (sender, sequence);
    CREATE INDEX messages_by_time ON messages (stored_at_ms);
    CREATE TABLE removed (id BLOB PRIMARY KEY, expires_at_ms INTEGER NOT NULL) STRICT, WITHOUT ROWID;
    CREATE INDEX removed_by_time ON removed (expires_at_ms);
    CREATE TABLE senders (hashname TEXT PRIMARY KEY, name TEXT NOT NULL, is_muted INTEGER NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE facts (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
    CREATE VIRTUAL TABLE words USING fts5(body, type, content = '', contentless_delete = 1)`,
}

/** What a row takes besides envelope, body and text: columns, checksum, its place in five indexes, in bytes; measured in inbox.test.ts. */
const ROW_BYTES = 768

/** What a message takes of the disk, about, and rather more: its body lies there as it is, in the envelope, and as the words to search. */
export function footprintOf({ body, envelope }: Pick<Message, 'body' | 'envelope'>): number {
  return ROW_BYTES + envelope.byteLength + 2 * body.byteLength
}

/** Numbers without a readable message, one after the other, after which an export of a damaged file gives up: a second's reading. */
const MAX_MISSES = 50_000

const FOOTPRINT = `${ROW_BYTES} + length(envelope) + 2 * length(body)`

export interface InboxDatabaseOptions {
  /** Only to look; a damaged file too. */
  isReadOnly?: boolean
  /** Told of each row that is not what was written, each time that it is met. */
  onDamaged(sequence: number): void
}

export class InboxDatabase {
  readonly senders: InboxSenders
  readonly tally: InboxTally
  readonly #database: DatabaseSync
  readonly #onDamaged: (sequence: number) => void
  /** By their SQL. Bounded: a query has few parts, and the words are counted. */
  readonly #statements = new Map<string, StatementSync>()
  /** What takes back, in memory, what the transaction under way has counted. Bounded by what it changes. */
  #undo: (() => void)[] = []
  /** The highest sequence that was ever used. */
  #lastSequence = 0
  /** The words of messages up to here can be found. */
  #indexedSequence = 0
  /** Of the ids that were forgotten, the latest end of time: nothing that ended before can be known to be new. In ms. */
  #forgottenMs = 0

  /** @throws as `openDatabaseFile` */
  constructor(path: string, { isReadOnly = false, onDamaged }: InboxDatabaseOptions) {
    this.#onDamaged = onDamaged
    this.#database = openDatabaseFile(path, FORM, { isReadOnly })
    try {
      this.senders = new InboxSenders(this.#database)
      this.tally = new InboxTally((sender) => this.senders.nameOf(sender) !== undefined)
      if (!isReadOnly) this.#count()
    } catch (error) {
      this.#database.close()
      throw explainDatabaseError(error, path, FORM)
    }
  }

  /** Runs it in one transaction, which is on the disk when this returns. When it throws, nothing was changed. */
  commit<T>(change: () => T): T {
    const [lastSequence, forgottenMs] = [this.#lastSequence, this.#forgottenMs]
    this.#undo = []
    this.#database.exec('BEGIN IMMEDIATE')
    try {
      const result = change()
      this.#database.exec('COMMIT')
      return result
    } catch (error) {
      // After some failures SQLite has rolled back by itself.
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK')
      for (const undo of this.#undo.reverse()) undo()
      this.#lastSequence = lastSequence
      this.#forgottenMs = forgottenMs
      throw error
    }
  }

  /** True when a message of this id was stored, and its time is not over: also when it has been removed since. */
  has(id: Uint8Array): boolean {
    return (
      this.#prepare('SELECT 1 FROM messages WHERE id = ?').get(id) !== undefined ||
      this.#prepare('SELECT 1 FROM removed WHERE id = ?').get(id) !== undefined
    )
  }

  /** True when it may have been here, and its id have been forgotten, since its time was over then. */
  mayBeForgotten(expiresAtMs: number): boolean {
    return expiresAtMs <= this.#forgottenMs
  }

  /** To be called in a `commit`. */
  insert(message: Message, facts: Omit<RowFacts, 'sequence'>): InboxMessage {
    const row = rowOf(message, { ...facts, sequence: this.#lastSequence + 1 })
    this.#prepare('INSERT INTO messages VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)').run(...(Object.values(row) as SQLInputValue[]))
    this.#lastSequence = row.sequence
    const entry = { sender: row.sender, end: row.end_text, bytes: footprintOf(message) }
    this.tally.add(entry)
    this.#undo.push(() => this.tally.remove(entry))
    return inboxMessageOf(row, this.senders.nameOf(row.sender))
  }

  /** True when there are messages whose words cannot be found yet. */
  get hasUnindexed(): boolean {
    return this.#indexedSequence < this.#lastSequence
  }

  /**
   * Makes the words of the next messages findable, so many of them in a transaction of its own: no receipt waits for it, and many at once
   * cost a quarter of what they cost one by one.
   */
  indexWords(count: number): void {
    const indexed = this.#indexedSequence
    const rows = this.#prepare('SELECT sequence, body, type FROM messages WHERE sequence > ? ORDER BY sequence LIMIT ?').all(indexed, count)
    const newest = Number(rows.at(-1)?.sequence)
    // A damaged tree may give the same rows for ever: what is behind them cannot be searched then.
    const last = rows.length === count && newest > indexed ? newest : this.#lastSequence
    this.commit(() => {
      for (const { sequence, body, type } of rows) {
        const words = [Number(sequence), searchableText(body as Uint8Array), type as string]
        this.#prepare('INSERT INTO words (rowid, body, type) VALUES (?, ?, ?)').run(...words)
      }
      this.#prepare("INSERT OR REPLACE INTO facts VALUES ('indexed_sequence', ?)").run(last)
    })
    this.#indexedSequence = last
  }

  /** Removes the oldest of a sender. To be called in a `commit`. */
  removeOldestOf(sender: string, count: number): void {
    this.#remove('WHERE sender = ? ORDER BY sequence LIMIT ?', [sender, count])
  }

  /** Removes what was stored before then, some of it at a time; how many. To be called in a `commit`. */
  removeStoredBefore(timeMs: number, count: number): number {
    return this.#remove('WHERE stored_at_ms < ? ORDER BY stored_at_ms LIMIT ?', [timeMs, count])
  }

  /** Forgets the ids of removed messages whose time is over, some at a time; how many. To be called in a `commit`. */
  forgetExpired(nowMs: number, count: number): number {
    const which = 'SELECT id, expires_at_ms FROM removed WHERE expires_at_ms < ? ORDER BY expires_at_ms LIMIT ?'
    const rows = this.#prepare(which).all(nowMs, count)
    const latest = rows.at(-1)?.expires_at_ms
    if (typeof latest !== 'number') return 0
    for (const { id } of rows) this.#prepare('DELETE FROM removed WHERE id = ?').run(id ?? null)
    this.#forgottenMs = Math.max(this.#forgottenMs, latest)
    this.#prepare("INSERT OR REPLACE INTO facts VALUES ('forgotten_ms', ?)").run(this.#forgottenMs)
    return rows.length
  }

  /** Those that can be read. */
  messages(query: InboxQuery): InboxMessage[] {
    const found: InboxMessage[] = []
    let { after, before } = query
    for (;;) {
      const wanted = query.limit - found.length
      const sequences = this.#sequences({
        ...query,
        ...(after !== undefined && { after }),
        ...(before !== undefined && { before }),
        limit: wanted,
      })
      // In a tree that was damaged since the file was opened, what comes next may be what was given already.
      if (sequences.some((sequence) => sequence <= (after ?? Number.NEGATIVE_INFINITY) || sequence >= (before ?? Number.POSITIVE_INFINITY)))
        return found
      for (const sequence of sequences) {
        const message = this.message(sequence)
        if (message !== undefined) found.push(message)
      }
      const last = sequences.at(-1)
      // What is damaged was left out: the page is filled with what comes after it.
      if (last === undefined || sequences.length < wanted || found.length === query.limit) return found
      if (query.first === 'newest') before = last
      else after = last
    }
  }

  /** By its sequence. Undefined when there is none, or when it is not what was written. */
  message(sequence: number): InboxMessage | undefined {
    return this.#read(sequence)?.message
  }

  sequenceOf(id: Uint8Array): number | undefined {
    const sequence = this.#prepare('SELECT sequence FROM messages WHERE id = ?').get(id)?.sequence
    return sequence === undefined ? undefined : Number(sequence)
  }

  /** All that can be read, the oldest first, also from a file whose tree is damaged. */
  *everything(): Iterable<KeptMessage> {
    let sequence = 0
    for (let misses = 0; misses < MAX_MISSES; ) {
      const next = this.#sequenceAfter(sequence)
      if (next === undefined) return
      sequence = next
      const kept = this.#read(sequence)
      misses = kept === undefined ? misses + 1 : 0
      if (kept !== undefined) yield kept
    }
  }

  close(): void {
    if (this.#database.isOpen) this.#database.close()
  }

  #sequences({ end, after, before, sinceMs, search, limit, first }: InboxQuery): number[] {
    const conditions: string[] = []
    const values: SQLInputValue[] = []
    const where = (condition: string, ...of: SQLInputValue[]) => {
      conditions.push(condition)
      values.push(...of)
    }
    if (end !== undefined) where('end_text = ?', end)
    if (after !== undefined) where('sequence > ?', after)
    if (before !== undefined) where('sequence < ?', before)
    if (sinceMs !== undefined) where('stored_at_ms >= ?', sinceMs)
    if (search !== undefined && search.trim() !== '') {
      const words = searchWords(search)
      if (words.length === 0) return []
      for (const word of words) {
        const names = JSON.stringify(this.senders.named(word))
        const inText = 'sequence IN (SELECT rowid FROM words WHERE words MATCH ?)'
        where(`(${inText} OR sender IN (SELECT value FROM json_each(?)))`, matchOfWord(word), names)
      }
    }
    const which = conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`
    const order = first === 'newest' ? 'DESC' : 'ASC'
    const rows = this.#prepare(`SELECT sequence FROM messages ${which} ORDER BY sequence ${order} LIMIT ?`).all(...values, limit)
    return rows.map(({ sequence }) => Number(sequence))
  }

  #read(sequence: number): KeptMessage | undefined {
    try {
      const row = this.#prepare('SELECT * FROM messages WHERE sequence = ?').get(sequence) as unknown as InboxRow | undefined
      if (row === undefined) return undefined
      const message = messageOfRow(row, this.senders.nameOf(row.sender))
      if (message !== undefined) return { message, expiresAtMs: row.expires_at_ms, envelope: row.envelope }
    } catch {
      // Its page, or a number in it, cannot be read at all.
    }
    this.#onDamaged(sequence)
    return undefined
  }

  #remove(which: string, values: SQLInputValue[]): number {
    const columns = `sequence, id, sender, end_text AS "end", expires_at_ms, ${FOOTPRINT} AS bytes`
    const rows = this.#prepare(`SELECT ${columns} FROM messages ${which}`).all(...values)
    for (const row of rows) {
      const { sequence, id, expires_at_ms } = row as Record<string, SQLInputValue>
      this.#prepare('INSERT OR REPLACE INTO removed VALUES (?, ?)').run(id ?? null, expires_at_ms ?? null)
      if (Number(sequence) <= this.#indexedSequence) this.#prepare('DELETE FROM words WHERE rowid = ?').run(sequence ?? null)
      this.#prepare('DELETE FROM messages WHERE sequence = ?').run(sequence ?? null)
      const entry = row as unknown as TallyEntry
      this.tally.remove(entry)
      this.#undo.push(() => this.tally.add(entry))
    }
    return rows.length
  }

  #count(): void {
    const shares = `SELECT sender, end_text AS "end", count(*) AS messages, sum(${FOOTPRINT}) AS bytes FROM messages GROUP BY sender, end_text`
    for (const row of this.#prepare(shares).iterate()) this.tally.add(row as unknown as TallyEntry, Number(row.messages))
    this.#lastSequence = Number(this.#prepare("SELECT seq FROM sqlite_sequence WHERE name = 'messages'").get()?.seq ?? 0)
    this.#forgottenMs = this.#fact('forgotten_ms')
    this.#indexedSequence = this.#fact('indexed_sequence')
  }

  #fact(name: string): number {
    return Number(this.#prepare('SELECT value FROM facts WHERE name = ?').get(name)?.value ?? 0)
  }

  /**
   * Where the way to the next one is damaged, the next number: there may be one of it, on a page that is whole. A damaged tree may also lead back
   * to where one has been: the number grows whatever it says, or an export would never end.
   */
  #sequenceAfter(sequence: number): number | undefined {
    try {
      const [next] = this.#sequences({ after: sequence, limit: 1, first: 'oldest' })
      return next === undefined ? undefined : Math.max(next, sequence + 1)
    } catch {
      return sequence + 1
    }
  }

  #prepare(sql: string): StatementSync {
    const known = this.#statements.get(sql)
    if (known !== undefined) return known
    const statement = this.#database.prepare(sql)
    this.#statements.set(sql, statement)
    return statement
  }
}
