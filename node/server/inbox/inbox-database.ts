/**
 * Changes to the tables of an inbox, and what they hold, on one synchronous connection. `inbox-admission.ts` decides which messages are
 * admitted, `inbox.ts` when they are committed, and `inbox-reader.ts` reads them.
 */

import type { DatabaseSync, SQLInputValue } from 'node:sqlite'
import type { InboxMessage, Message } from '../../index.ts'
import { explainDatabaseError, openDatabaseFile, transact } from '../store/database-file.ts'
import { createLogSync, type LogSync } from '../store/log-sync.ts'
import { createInboxFacts, createInboxIndex } from './inbox-index.ts'
import { createInboxReader, createStatements, type InboxReader, type Statements } from './inbox-reader.ts'
import { FOOTPRINT_SQL, footprintOf, INBOX_FORM, inboxMessageOf, type RowFacts, rowOf } from './inbox-row.ts'
import { createInboxSenders, type InboxSenders } from './inbox-senders.ts'
import { InboxTally, type TallyEntry } from './inbox-tally.ts'
import { createInboxWithdrawal, type InboxWithdrawal } from './inbox-withdrawal.ts'

export class InboxDatabase {
  readonly senders: InboxSenders
  readonly tally: InboxTally
  readonly reader: InboxReader
  readonly facts: ReturnType<typeof createInboxFacts>
  readonly index: ReturnType<typeof createInboxIndex>
  readonly log: LogSync
  readonly withdrawal: InboxWithdrawal
  readonly #database: DatabaseSync
  readonly #prepare: Statements
  /** Reverts, in memory, the counts of the transaction under way. Bounded by its changes. */
  #undo: (() => void)[] = []
  #isSyncing = true
  /** The highest sequence ever used. */
  #lastSequence = 0
  /** The latest expiry among forgotten ids, in ms: a message that expired before it may have been here. */
  #forgottenMs = 0

  /**
   * @param isReadOnly only reads, also a damaged file
   * @param onDamaged called for each row that is not what was written, each time that it is read
   * @throws as `openDatabaseFile`
   */
  constructor(path: string, onDamaged: (sequence: number) => void, isReadOnly = false) {
    this.#database = openDatabaseFile(path, INBOX_FORM, isReadOnly)
    this.#prepare = createStatements(this.#database)
    this.log = createLogSync(this.#database, path)
    this.facts = createInboxFacts(this.#prepare)
    const commit = (change: () => void) => this.commit(change)
    this.index = createInboxIndex({ prepare: this.#prepare, facts: this.facts, commit, lastSequence: () => this.#lastSequence })
    try {
      this.senders = createInboxSenders(this.#database, commit)
      this.tally = new InboxTally((sender) => this.senders.nameOf(sender) !== undefined)
      this.withdrawal = createInboxWithdrawal(this.#prepare, this)
      this.reader = createInboxReader(this.#prepare, this.senders, onDamaged, this.withdrawal.has)
      if (!isReadOnly) this.#count()
    } catch (error) {
      this.#database.close()
      throw explainDatabaseError(error, path, INBOX_FORM)
    }
  }

  /** As `transact`. @param isSynced false: it is on the disk only once `log.sync()` has resolved */
  commit<T>(change: () => T, isSynced = true): T {
    this.log.prepare()
    this.#syncCommits(isSynced)
    const [lastSequence, forgottenMs] = [this.#lastSequence, this.#forgottenMs]
    this.#undo = []
    try {
      return transact(this.#database, () => {
        this.#undo.push(this.withdrawal.removeRows())
        return change()
      })
    } catch (error) {
      for (const undo of this.#undo.reverse()) undo()
      this.#lastSequence = lastSequence
      this.#forgottenMs = forgottenMs
      throw error
    }
  }

  /** True when a message of this id was stored and has not expired, even if it was removed since. */
  has(id: Uint8Array): boolean {
    const isIn = (table: 'messages' | 'removed') => this.#prepare(`SELECT 1 FROM ${table} WHERE id = ?`).get(id) !== undefined
    return isIn('messages') || isIn('removed')
  }

  /** True when a message with that expiry may have been here and its id been forgotten. */
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

  /** Removes the oldest messages of a sender. To be called in a `commit`. */
  removeOldestOf(sender: string, count: number): void {
    this.#remove('WHERE sender = ? ORDER BY sequence LIMIT ?', [sender, count])
  }

  /** Removes messages that were stored before, `count` at most. To be called in a `commit`. @returns how many were removed */
  removeStoredBefore(timeMs: number, count: number): number {
    return this.#remove('WHERE stored_at_ms < ? ORDER BY stored_at_ms LIMIT ?', [timeMs, count])
  }

  countStoredBefore(timeMs: number): number {
    return Number(this.#prepare('SELECT count(*) AS count FROM messages WHERE stored_at_ms < ?').get(timeMs)?.count)
  }

  /** When the newest message was stored, in ms since the epoch; undefined where there is none. */
  newestStoredMs(): number | undefined {
    const newest = this.#prepare('SELECT max(stored_at_ms) AS newest FROM messages').get()?.newest
    return newest == null ? undefined : Number(newest)
  }

  /** Forgets the ids of removed messages that have expired, `count` at most. To be called in a `commit`. @returns how many were forgotten */
  forgetExpired(nowMs: number, count: number): number {
    const which = 'SELECT id, expires_at_ms FROM removed WHERE expires_at_ms < ? ORDER BY expires_at_ms LIMIT ?'
    const rows = this.#prepare(which).all(nowMs, count)
    const latest = rows.at(-1)?.expires_at_ms
    if (typeof latest !== 'number') return 0
    for (const { id } of rows) this.#prepare('DELETE FROM removed WHERE id = ?').run(id ?? null)
    this.#forgottenMs = Math.max(this.#forgottenMs, latest)
    this.facts.set('forgotten_ms', this.#forgottenMs)
    return rows.length
  }

  /** A commit that syncs brings earlier ones to the disk as well. */
  #syncCommits(isNeeded: boolean): void {
    if (isNeeded === this.#isSyncing) return
    this.#database.exec(`PRAGMA synchronous = ${isNeeded ? 'FULL' : 'NORMAL'}`)
    this.#isSyncing = isNeeded
  }

  close(): void {
    this.log.close()
    if (this.#database.isOpen) this.#database.close()
  }

  #remove(which: string, values: SQLInputValue[]): number {
    const columns = `sequence, id, sender, end_text AS "end", expires_at_ms, ${FOOTPRINT_SQL} AS bytes`
    const rows = this.#prepare(`SELECT ${columns} FROM messages ${which}`).all(...values)
    for (const row of rows) {
      const { sequence, id, expires_at_ms } = row as Record<string, SQLInputValue>
      this.#prepare('INSERT OR REPLACE INTO removed VALUES (?, ?)').run(id ?? null, expires_at_ms ?? null)
      this.index.remove(Number(sequence))
      this.#prepare('DELETE FROM messages WHERE sequence = ?').run(sequence ?? null)
      const entry = row as unknown as TallyEntry
      this.tally.remove(entry)
      this.#undo.push(() => this.tally.add(entry))
    }
    return rows.length
  }

  #count(): void {
    const shares = `SELECT sender, end_text AS "end", count(*) AS messages, sum(${FOOTPRINT_SQL}) AS bytes FROM messages GROUP BY sender, end_text`
    for (const row of this.#prepare(shares).iterate()) this.tally.add(row as unknown as TallyEntry, Number(row.messages))
    this.#lastSequence = Number(this.#prepare("SELECT seq FROM sqlite_sequence WHERE name = 'messages'").get()?.seq ?? 0)
    this.#forgottenMs = this.facts.get('forgotten_ms')
    this.index.load()
  }
}
