/** Indexes the words of new messages for the search: a moment after they are stored, a group at a time, or as soon as somebody searches. */

import type { InboxDatabase } from './inbox-database.ts'

/** Time from storing to indexing, in ms. Four times as often costs each message 2 % more: smaller groups rewrite more of the index. */
const INDEX_MS = 1_000
/** Messages in one transaction. */
const INDEX_GROUP = 256
/** Pause between two transactions, in ms: messages that arrive meanwhile are stored first. */
const INDEX_PAUSE_MS = 40

export interface WordIndexing {
  /** Indexes what is not indexed yet, after `INDEX_MS`. */
  schedule(): void
  /** Indexes it now. */
  finish(): void
  stop(): void
}

export function createWordIndexing(database: InboxDatabase): WordIndexing {
  let timer: ReturnType<typeof setTimeout> | undefined

  /** Messages that cannot be indexed now are indexed after the next message, or with the next search. @returns true when there are more */
  function indexGroup(): boolean {
    try {
      database.indexWords(INDEX_GROUP)
      return database.hasUnindexed
    } catch {
      return false
    }
  }

  function run(): void {
    timer = indexGroup() ? setTimeout(run, INDEX_PAUSE_MS) : undefined
  }

  return {
    schedule() {
      timer ??= setTimeout(run, INDEX_MS)
    },
    finish() {
      while (database.hasUnindexed && indexGroup());
    },
    stop: () => clearTimeout(timer),
  }
}
