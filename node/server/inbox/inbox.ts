/**
 * The inbox of a receiver: a database on disk that keeps each message once, for ever, and says 'stored' only after the commit. What is
 * acknowledged stays, unless its owner asked for old messages to be removed. The network is `receiver.ts`'s, the tables `inbox-database.ts`'s.
 */

import { closeSync, existsSync, fsyncSync, openSync } from 'node:fs'
import type { Inbox, InboxMessage, InboxQuery, Kept, Message, MessageRefusal } from '../../index.ts'
import { decodeKeyHex, isKeyHex } from '../../keys/index.ts'
import { createGroupCommit } from '../store/group-commit.ts'
import { sqliteFailureOf, sqliteWords } from '../store/sqlite-error.ts'
import { INBOX_DEFAULTS, InboxAdmission, type InboxLimits } from './inbox-admission.ts'
import { footprintOf, InboxDatabase } from './inbox-database.ts'
import { senderOf } from './inbox-row.ts'
import type { InboxSender } from './inbox-senders.ts'

export interface InboxOptions extends InboxLimits {
  /** Of the database; made when it is missing. */
  path: string
  /** The receiver's. */
  hashname: string
  /** What was stored so many days ago is removed; undefined: never. */
  keepDays?: number
  /** So many messages are kept: then the oldest of whoever has the most are removed; undefined: all. */
  keepCount?: number
  onEvent?(event: InboxEvent): void
  /** In ms since the epoch. */
  now?(): number
}

export type InboxEvent =
  /** A row is not what was written. Told once; it is left out, and stays in the file. */
  | { type: 'damaged'; sequence: number }
  /** Messages cannot be stored, since then; their senders are told to try again. */
  | { type: 'failing'; reason: string }
  /** They can be stored again. */
  | { type: 'recovered' }

export interface InboxCounts {
  messages: number
  /** Of disk, about. */
  bytes: number
  /** Rows that were met and are not what was written. */
  damaged: number
  /** Since the start. */
  refused: Partial<Record<MessageRefusal, number>>
}

/** An inbox on disk. `post` is the receiver's, who has the network. */
export interface StoredInbox extends Omit<Inbox, 'post'> {
  /** Stores messages that came at an end; resolves after the commit, in the order of the messages. Never rejects. */
  keep(end: string, messages: readonly Message[]): Promise<Kept[]>
  /** Ends that are received from now on, besides those with messages. */
  addEnd(end: string): void
  /** Removes what is too old or too much, a little at a time; resolves when that is done, or cannot be. Done by itself every ten minutes. */
  tidy(): Promise<void>
  counts(): InboxCounts
  /** Stores what waits, then closes the file. May be called twice. */
  close(): void
}

interface Arrival {
  message: Message
  end: string
}

const DAY_MS = 86_400_000
const TIDY_MS = 600_000
/** Removed in one transaction, for which others wait, and the time between two of them, in ms: messages that come meanwhile go first. */
const TIDY_GROUP = 256
const TIDY_PAUSE_MS = 40
/**
 * The words of what has come are indexed after this long, in ms, or as soon as somebody searches; so many messages in one transaction. Four
 * times as often cost each message 2 % more: the fewer at once, the more of the index is written again.
 */
const INDEX_MS = 1_000
const INDEX_GROUP = 256
/** Between two such transactions, in ms: messages that come meanwhile go first. */
const INDEX_PAUSE_MS = 40
/** Damaged rows that are remembered, to tell of each once. */
const MAX_DAMAGED = 10_000

/** @throws as `openDatabaseFile` */
export function openInbox(options: InboxOptions): StoredInbox {
  const { path, hashname, keepDays, keepCount, onEvent, now = Date.now } = options
  const limits = { ...INBOX_DEFAULTS, ...options }
  /** Bounded: MAX_DAMAGED. */
  const damaged = new Set<number>()
  const database = new InboxDatabase(path, {
    onDamaged(sequence) {
      if (damaged.has(sequence) || damaged.size >= MAX_DAMAGED) return
      damaged.add(sequence)
      onEvent?.({ type: 'damaged', sequence })
    },
  })
  syncEarlierCommits(path)
  const { senders } = database
  const admission = new InboxAdmission({
    ...limits,
    senders,
    tally: database.tally,
    isRolling: keepCount !== undefined,
    monotonic: () => performance.now(),
  })
  const listeners = new Set<(message: InboxMessage) => void>()
  /** Bounded: the owner names them. */
  const ends = new Set([hashname])
  const refused: InboxCounts['refused'] = {}
  let isFailing = false
  let indexing: ReturnType<typeof setTimeout> | undefined
  /** What removes the next ones, and the end of it. */
  let tidying: ReturnType<typeof setTimeout> | undefined
  let tidied: PromiseWithResolvers<void> | undefined
  let isClosed = false

  function commit(arrivals: Arrival[]): Kept[] {
    const stored: InboxMessage[] = []
    const kept = database.commit(() => {
      const results = arrivals.map((arrival) => keepOne(arrival, stored))
      keepOnly(TIDY_GROUP)
      return results
    })
    if (isFailing) onEvent?.({ type: 'recovered' })
    isFailing = false
    for (const message of stored) tell(message)
    if (stored.length > 0) indexing ??= setTimeout(indexSome, INDEX_MS)
    return kept
  }

  /** What cannot be indexed now is with the next message, or the next search; what was before can be found. */
  function indexNext(): boolean {
    try {
      database.indexWords(INDEX_GROUP)
      return database.hasUnindexed
    } catch {
      return false
    }
  }

  function indexSome(): void {
    indexing = indexNext() ? setTimeout(indexSome, INDEX_PAUSE_MS) : undefined
  }

  function keepOne({ message, end }: Arrival, stored: InboxMessage[]): Kept {
    if (database.has(message.id)) return 'stored'
    if (database.mayBeForgotten(message.expiresAtMs)) return 'expired'
    const nowMs = now()
    const sender = senderOf(message)
    const arriving = { sender, expiresAtMs: message.expiresAtMs, bytes: footprintOf(message) }
    const refusal = admission.refuse(arriving, nowMs)
    if (refusal === undefined) stored.push(database.insert(message, { end, sender, storedAtMs: nowMs }))
    return refusal ?? 'stored'
  }

  /** Removes what is over `keepCount`, so many at most; how many. To be called in a `commit`. */
  function keepOnly(atMost: number): number {
    let removed = 0
    while (keepCount !== undefined && removed < atMost) {
      const excess = Math.min(database.tally.total.messages - keepCount, atMost - removed)
      const next = excess > 0 ? database.tally.givesWay(keepCount, excess) : undefined
      if (next === undefined) break
      database.removeOldestOf(next.sender, next.messages)
      removed += next.messages
    }
    return removed
  }

  function failed(error: unknown): Kept {
    if (!isFailing) onEvent?.({ type: 'failing', reason: sqliteFailureOf(error) === undefined ? String(error) : sqliteWords(error) })
    isFailing = true
    return 'not-stored'
  }

  function tell(message: InboxMessage): void {
    for (const listener of [...listeners]) {
      try {
        listener(message)
      } catch {
        listeners.delete(listener)
      }
    }
  }

  const group = createGroupCommit<Arrival, Kept>({ commit, failed })

  /** One transaction; true when there is more to do. */
  function tidySome(): boolean {
    const nowMs = now()
    return database.commit(() => {
      const done = [
        database.forgetExpired(nowMs, TIDY_GROUP),
        keepOnly(TIDY_GROUP),
        keepDays === undefined ? 0 : database.removeStoredBefore(nowMs - keepDays * DAY_MS, TIDY_GROUP),
      ]
      return done.includes(TIDY_GROUP)
    })
  }

  function tidyUntilDone(): void {
    tidying = undefined
    try {
      if (tidySome()) tidying = setTimeout(tidyUntilDone, TIDY_PAUSE_MS)
    } catch (error) {
      failed(error)
    }
    if (tidying === undefined) endTidying()
  }

  function endTidying(): void {
    clearTimeout(tidying)
    tidied?.resolve()
    tidied = undefined
  }

  function tidy(): Promise<void> {
    if (tidied !== undefined) return tidied.promise
    tidied = Promise.withResolvers<void>()
    const { promise } = tidied
    tidyUntilDone()
    return promise
  }

  void tidy()
  if (database.hasUnindexed) indexing = setTimeout(indexSome, INDEX_MS)
  const timer = setInterval(() => void tidy(), TIDY_MS)
  timer.unref()

  return {
    hashname,
    policy: limits.policy,
    async keep(end, messages) {
      if (isClosed) return messages.map(() => 'not-stored' as const)
      const kept = await Promise.all(messages.map((message) => group.add({ message, end })))
      for (const result of kept) if (result !== 'stored') refused[result] = (refused[result] ?? 0) + 1
      return kept
    },
    addEnd: (end) => void ends.add(end),
    ends() {
      const counts = database.tally.ends()
      return [...new Set([...ends, ...counts.keys()])].map((end) => ({ end, messages: counts.get(end) ?? 0 }))
    },
    messages(query: InboxQuery) {
      if (query.search !== undefined) while (database.hasUnindexed && indexNext());
      return database.messages(query)
    },
    message(which) {
      const sequence = typeof which === 'number' ? which : isKeyHex(which) ? database.sequenceOf(decodeKeyHex(which)) : undefined
      return sequence === undefined ? undefined : database.message(sequence)
    },
    onMessage(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    setSender(sender, change) {
      const wasNamed = senders.nameOf(sender) !== undefined
      senders.set(sender, change)
      const isNamed = senders.nameOf(sender) !== undefined
      if (isNamed !== wasNamed) database.tally.renamed(sender, isNamed)
    },
    senders: (): InboxSender[] => senders.list(),
    tidy,
    counts: () => ({ ...database.tally.total, damaged: damaged.size, refused: { ...refused } }),
    close() {
      if (isClosed) return
      isClosed = true
      clearInterval(timer)
      group.flush()
      clearTimeout(indexing)
      endTidying()
      listeners.clear()
      database.close()
    },
  }
}

/**
 * A process that was killed between writing a commit and syncing it has acknowledged nothing of it; but a repeat would now be answered
 * 'stored', from what only the system's memory has.
 */
function syncEarlierCommits(path: string): void {
  const log = `${path}-wal`
  if (!existsSync(log)) return
  const file = openSync(log, 'r')
  try {
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}
