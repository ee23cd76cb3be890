/** The index of an inbox's words: which messages are in it, and in which form. `inbox-search.ts` says what is indexed of a text. */

import type { Statements } from './inbox-reader.ts'
import { isIndexedAlike, searchableText } from './inbox-search.ts'

export type InboxFacts = ReturnType<typeof createInboxFacts>

/** Numbers that an inbox remembers, by name. */
export function createInboxFacts(prepare: Statements) {
  return {
    /** 0 where there is none. */
    get: (name: string): number => Number(prepare('SELECT value FROM facts WHERE name = ?').get(name)?.value ?? 0),
    /** To be called in a `commit`. */
    set: (name: string, value: number): void => void prepare('INSERT OR REPLACE INTO facts VALUES (?, ?)').run(name, value),
  }
}

interface InboxIndexOptions {
  prepare: Statements
  facts: InboxFacts
  commit(change: () => void): void
  /** The highest sequence ever used. */
  lastSequence(): number
}

/** How long one transaction may take, in ms: arriving messages wait for it. */
const MAX_MS = 20

export function createInboxIndex({ prepare, facts, commit, lastSequence }: InboxIndexOptions) {
  /** Messages up to this sequence are in the index. */
  let indexed = 0
  /** Those after the first and up to the second were indexed by mayfly 0.4 or earlier, and are to be indexed again. */
  const older = { after: 0, upTo: 0 }

  /** Mayfly 0.4 and earlier know the first fact alone: it is ahead of the second one after they have run. */
  function record(indexedNow: number, olderAfter: number): void {
    facts.set('indexed_sequence', indexedNow)
    facts.set('words_sequence', olderAfter < older.upTo ? olderAfter : indexedNow)
  }

  /** @returns the sequence up to which it has come, with which `save` was called in the transaction */
  function indexRows(
    after: number,
    upTo: number,
    count: number,
    isDue: (body: Uint8Array) => boolean,
    save: (last: number) => void,
  ): number {
    const startedAtMs = performance.now()
    const which = 'SELECT sequence, body, type FROM messages WHERE sequence > ? AND sequence <= ? ORDER BY sequence LIMIT ?'
    let last = upTo
    // The commit removes messages that were withdrawn before it reads the others.
    commit(() => {
      const rows = prepare(which).all(after, upTo, count)
      const newest = Number(rows.at(-1)?.sequence)
      // A damaged tree may return the same rows for ever: the rows behind them cannot be searched then.
      last = rows.length === count && newest > after ? newest : upTo
      for (const row of rows) {
        const [sequence, body, type] = [Number(row.sequence), row.body as Uint8Array, row.type as string]
        if (isDue(body)) {
          prepare('INSERT OR REPLACE INTO words (rowid, body, type) VALUES (?, ?, ?)').run(sequence, searchableText(body), type)
        }
        if (performance.now() - startedAtMs < MAX_MS || sequence <= after) continue
        last = sequence
        break
      }
      save(last)
    })
    return last
  }

  return {
    load(): void {
      indexed = facts.get('indexed_sequence')
      older.after = facts.get('words_sequence')
      older.upTo = indexed
    },
    /** True when there are messages that are not in the index yet. */
    get hasUnindexed(): boolean {
      return indexed < lastSequence()
    },
    /** True when there are messages whose words an earlier mayfly has indexed. */
    get hasOlder(): boolean {
      return older.after < older.upTo
    },
    /**
     * Indexes the next messages, `count` at most, in a transaction of its own: no receipt waits for it, and many at once cost a quarter of what
     * they cost one by one.
     */
    add(count: number): void {
      indexed = indexRows(
        indexed,
        lastSequence(),
        count,
        () => true,
        (last) => record(last, older.after),
      )
    },
    /** Indexes the next messages again that an earlier mayfly has indexed, in a transaction of its own. They can be searched meanwhile. */
    addAgain(count: number): void {
      const isDue = (body: Uint8Array) => !isIndexedAlike(body)
      older.after = indexRows(older.after, older.upTo, count, isDue, (last) => record(indexed, last))
    },
    /** To be called in a `commit`. */
    remove(sequence: number): void {
      if (sequence <= indexed) prepare('DELETE FROM words WHERE rowid = ?').run(sequence)
    },
  }
}
