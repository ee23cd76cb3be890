/** Reads the messages of an inbox. Rows that are not what was written are reported and left out. */

import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { InboxMessage, InboxQuery } from '../../index.ts'
import { type InboxRow, inboxMessageOf, isIntact, type StoredMessage } from './inbox-row.ts'
import { sequencesStatement } from './inbox-search.ts'
import type { InboxSenders } from './inbox-senders.ts'

export type Statements = (sql: string) => StatementSync

export function createStatements(database: DatabaseSync): Statements {
  /** By their SQL. Bounded: an inbox query has few conditions, and a search has a limited number of words. */
  const statements = new Map<string, StatementSync>()
  return (sql) => {
    const known = statements.get(sql)
    if (known !== undefined) return known
    const statement = database.prepare(sql)
    statements.set(sql, statement)
    return statement
  }
}

/** An export of a damaged file gives up after this many sequences in a row without a readable message: about a second of reading. */
const MAX_MISSES = 50_000

export type InboxReader = ReturnType<typeof createInboxReader>

/**
 * @param onDamaged called for each row that is not what was written, each time that it is read
 * @param isWithdrawn true for a row that is left out
 */
export function createInboxReader(
  prepare: Statements,
  senders: InboxSenders,
  onDamaged: (sequence: number) => void,
  isWithdrawn: (sequence: number) => boolean,
) {
  function sequencesOf(query: InboxQuery): number[] {
    const statement = sequencesStatement(query, (word) => senders.named(word))
    if (statement === undefined) return []
    const rows = prepare(statement.sql).all(...statement.values)
    return rows.map(({ sequence }) => Number(sequence))
  }

  function read(sequence: number): StoredMessage | undefined {
    if (isWithdrawn(sequence)) return undefined
    try {
      const row = prepare('SELECT * FROM messages WHERE sequence = ?').get(sequence) as unknown as InboxRow | undefined
      if (row === undefined) return undefined
      if (isIntact(row)) {
        return { message: inboxMessageOf(row, senders.nameOf(row.sender)), expiresAtMs: row.expires_at_ms, envelope: row.envelope }
      }
    } catch {
      // The page of the row, or a number in it, cannot be read at all.
    }
    onDamaged(sequence)
    return undefined
  }

  /**
   * The next sequence with a row. Where the way to it is damaged, the next number: its row may be on a page that is whole. A damaged tree may also
   * lead back to earlier rows: the number grows in any case, or an export would never end.
   */
  function sequenceAfter(sequence: number): number | undefined {
    try {
      const [next] = sequencesOf({ after: sequence, limit: 1, first: 'oldest' })
      return next === undefined ? undefined : Math.max(next, sequence + 1)
    } catch {
      return sequence + 1
    }
  }

  return {
    /** The messages that can be read. */
    messages(query: InboxQuery): InboxMessage[] {
      const found: InboxMessage[] = []
      let { after, before } = query
      for (;;) {
        const wanted = query.limit - found.length
        const sequences = sequencesOf({
          ...query,
          ...(after !== undefined && { after }),
          ...(before !== undefined && { before }),
          limit: wanted,
        })
        // In a tree that was damaged since the file was opened, the next rows may be those that were returned already.
        if (
          sequences.some((sequence) => sequence <= (after ?? Number.NEGATIVE_INFINITY) || sequence >= (before ?? Number.POSITIVE_INFINITY))
        )
          return found
        for (const sequence of sequences) {
          const message = read(sequence)?.message
          if (message !== undefined) found.push(message)
        }
        const last = sequences.at(-1)
        // Damaged rows were left out: the page is filled with the rows after them.
        if (last === undefined || sequences.length < wanted || found.length === query.limit) return found
        if (query.first === 'newest') before = last
        else after = last
      }
    },
    /** Undefined when there is no such message, or when its row is not what was written. */
    message: (sequence: number): InboxMessage | undefined => read(sequence)?.message,
    sequenceOf(id: Uint8Array): number | undefined {
      const sequence = prepare('SELECT sequence FROM messages WHERE id = ?').get(id)?.sequence
      return sequence === undefined ? undefined : Number(sequence)
    },
    /** All messages that can be read, oldest first, also from a file whose tree is damaged. */
    *everything(): Iterable<StoredMessage> {
      let sequence = 0
      for (let misses = 0; misses < MAX_MISSES; ) {
        const next = sequenceAfter(sequence)
        if (next === undefined) return
        sequence = next
        const kept = read(sequence)
        misses = kept === undefined ? misses + 1 : 0
        if (kept !== undefined) yield kept
      }
    },
  }
}
