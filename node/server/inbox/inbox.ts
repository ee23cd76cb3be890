/**
 * The inbox of a receiver: a database on disk that stores each message once and acknowledges it only after the commit. Acknowledged messages
 * stay for ever, unless the owner asked for old ones to be removed. `inbox-receiver.ts` is its network side, `inbox-database.ts` its tables.
 */

import { existsSync } from 'node:fs'
import type { InboxEnd, InboxMessage, InboxQuery, Kept, Message, MessageRefusal } from '../../index.ts'
import { decodeKeyHex, isKeyHex } from '../../keys/index.ts'
import type { WritingEvent } from '../store/database-file.ts'
import { createGroupCommit } from '../store/group-commit.ts'
import { syncPath } from '../store/owner-file.ts'
import { explainWriteError, sqliteWords } from '../store/sqlite-error.ts'
import { createInboxAdmission, INBOX_DEFAULTS, type InboxLimits, type InboxSettings } from './inbox-admission.ts'
import { InboxDatabase } from './inbox-database.ts'
import { createInboxRetention, type KeptBack } from './inbox-retention.ts'
import { footprintOf, senderOf } from './inbox-row.ts'
import { createUnsynced } from './inbox-unsynced.ts'

export interface InboxOptions extends InboxLimits {
  /** Path of the database, which is made when it is missing. */
  path: string
  /** The receiver's hashname. */
  hashname: string
  /** Days after which messages are removed; undefined: never. */
  keepDays?: number | undefined
  /** Messages to keep: over it, the oldest of the sender with the most are removed; undefined: all. */
  keepCount?: number | undefined
  /** True when the owner says that this machine's clock is right, however far it is ahead of the last run. */
  isClockTrusted?: boolean
  onEvent?(event: InboxEvent): void
  /** In ms since the epoch. */
  now?(): number
  /** Clock, in ms; any origin, never set back. */
  monotonic?(): number
}

export type InboxEvent =
  /** A row is not what was written. Emitted once for each row, which is left out, and stays in the file. */
  | { type: 'damaged'; sequence: number }
  /** Messages cannot be stored from now on, and their senders are asked to try again; or they can be stored again. */
  | WritingEvent
  /** Messages stay that would be removed for their age, if this machine's clock were believed. */
  | ({ type: 'kept-back' } & KeptBack)

/** An inbox on disk: an `Inbox` without `post`, since only the receiver has the network. */
export type StoredInbox = ReturnType<typeof openInbox>

interface Arrival {
  message: Message
  end: string
}

/** Damaged rows that are remembered, to report each once. */
const MAX_DAMAGED = 10_000

/** @throws as `openDatabaseFile` */
export function openInbox(options: InboxOptions) {
  const { path, hashname, isClockTrusted = false, onEvent, now = Date.now, monotonic = () => performance.now() } = options
  const limits = { ...INBOX_DEFAULTS, ...options }
  const { policy, senderRate } = limits
  const settings: InboxSettings = { policy, senderRate, keepDays: options.keepDays, keepCount: options.keepCount }
  /** Bounded: MAX_DAMAGED. */
  const damaged = new Set<number>()
  const database = new InboxDatabase(path, (sequence) => {
    if (damaged.has(sequence) || damaged.size >= MAX_DAMAGED) return
    damaged.add(sequence)
    onEvent?.({ type: 'damaged', sequence })
  })
  syncEarlierCommits(path)
  const { senders, tally, reader } = database
  const admission = createInboxAdmission({ ...limits, settings, senders, tally, monotonic })
  const listeners = createListeners()
  /** Bounded: the owner names them. */
  const ends = new Set([hashname])
  const refused: Partial<Record<MessageRefusal, number>> = {}
  let isFailing = false
  let isClosed = false
  const indexing = createWordIndexing(database.index)
  const retention = createInboxRetention({
    database,
    settings,
    isClockTrusted,
    now,
    monotonic,
    onKeptBack: (kept) => onEvent?.({ type: 'kept-back', ...kept }),
    onFailed: failed,
  })
  const unsynced = createUnsynced(database, onStored)
  const group = createGroupCommit<Arrival, Kept>({ commit, sync: unsynced.sync, failed })
  if (database.index.hasUnindexed || database.index.hasOlder) indexing.schedule()

  function commit(arrivals: Arrival[], isSynced: boolean): Kept[] {
    const stored: InboxMessage[] = []
    // Messages that make others go cannot be taken back.
    const mayWait = !isSynced && !retention.isExcess(arrivals.length) && database.log.isPossible
    const kept = database.commit(() => {
      const results = arrivals.map((arrival) => storeOne(arrival, stored))
      retention.removeExcess()
      return results
    }, !mayWait)
    if (mayWait && stored.length > 0) unsynced.add(stored)
    else onStored(stored)
    return kept
  }

  function onStored(stored: readonly InboxMessage[]): void {
    if (isFailing) onEvent?.({ type: 'recovered' })
    isFailing = false
    for (const message of stored) listeners.notify(message)
    if (stored.length > 0 && !isClosed) indexing.schedule()
  }

  function storeOne({ message, end }: Arrival, stored: InboxMessage[]): Kept {
    if (database.has(message.id)) return 'stored'
    if (database.mayBeForgotten(message.expiresAtMs)) return 'expired'
    const nowMs = now()
    const sender = senderOf(message)
    const arriving = { sender, expiresAtMs: message.expiresAtMs, bytes: footprintOf(message) }
    const refusal = admission.refuse(arriving, nowMs)
    if (refusal !== undefined) return refusal
    stored.push(database.insert(message, { end, sender, storedAtMs: nowMs }))
    if (sender !== hashname) retention.hearTime(sender, message.sentAtMs, nowMs)
    return 'stored'
  }

  function failed(error: unknown): Kept {
    if (!isFailing) onEvent?.({ type: 'failing', reason: sqliteWords(error, path) })
    isFailing = true
    return 'not-stored'
  }

  return {
    hashname,
    get policy() {
      return settings.policy
    },
    /** Changes what is taken and kept, from now on. */
    configure: (next: InboxSettings) => void Object.assign(settings, next),
    /** Stores messages that arrived at an end. Resolves after the commit, with a result for each message, in their order. Never rejects. */
    async keep(end: string, messages: readonly Message[]): Promise<Kept[]> {
      if (isClosed) return messages.map(() => 'not-stored' as const)
      const kept = await Promise.all(messages.map((message) => group.add({ message, end })))
      for (const result of kept) if (result !== 'stored') refused[result] = (refused[result] ?? 0) + 1
      return kept
    },
    /** Lists an end from now on, even while it has no messages. */
    addEnd: (end: string) => void ends.add(end),
    ends(): InboxEnd[] {
      const counts = tally.ends()
      return [...new Set([...ends, ...counts.keys()])].map((end) => ({ end, messages: counts.get(end) ?? 0 }))
    },
    messages(query: InboxQuery): InboxMessage[] {
      unsynced.syncNow()
      if (query.search !== undefined) indexing.finish()
      return reader.messages(query)
    },
    message(which: number | string): InboxMessage | undefined {
      unsynced.syncNow()
      const sequence = typeof which === 'number' ? which : isKeyHex(which) ? reader.sequenceOf(decodeKeyHex(which)) : undefined
      return sequence === undefined ? undefined : reader.message(sequence)
    },
    onMessage: (listener: (message: InboxMessage) => void): (() => void) => listeners.add(listener),
    setSender(sender: string, change: { name?: string; isMuted?: boolean }): void {
      const wasNamed = senders.nameOf(sender) !== undefined
      try {
        senders.set(sender, change)
      } catch (error) {
        throw explainWriteError('Cannot write to the inbox', path, error)
      }
      const isNamed = senders.nameOf(sender) !== undefined
      if (isNamed !== wasNamed) tally.renamed(sender, isNamed)
    },
    senders: () => senders.list(),
    tidy: retention.tidy,
    /** Messages, their bytes on disk (estimated), damaged rows that were read, and refused messages since the start, by reason. */
    counts: () => ({ ...tally.total, damaged: damaged.size, refused: { ...refused } }),
    /** Stores the messages that wait for a commit, then closes the file. May be called twice. */
    close(): void {
      if (isClosed) return
      isClosed = true
      try {
        unsynced.close(group.flush)
      } finally {
        indexing.stop()
        retention.stop()
        listeners.clear()
        database.close()
      }
    },
  }
}

function createListeners() {
  const listeners = new Set<(message: InboxMessage) => void>()
  return {
    add(listener: (message: InboxMessage) => void) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    /** A listener that throws is dropped. */
    notify(message: InboxMessage) {
      for (const listener of [...listeners]) {
        try {
          listener(message)
        } catch {
          listeners.delete(listener)
        }
      }
    },
    clear: () => listeners.clear(),
  }
}

/**
 * Syncs commits that an earlier process wrote but, when it was killed, had not synced yet. It acknowledged none of them; but a repeated message
 * would now be answered 'stored' while it is only in the system's memory.
 */
function syncEarlierCommits(path: string): void {
  const log = `${path}-wal`
  if (existsSync(log)) syncPath(log)
}

/** Time from storing to indexing, in ms. Four times as often costs each message 2 % more: smaller groups rewrite more of the index. */
const INDEX_MS = 1_000
/** Messages in one transaction. */
const INDEX_GROUP = 256
/** Pause between two transactions, in ms: messages that arrive meanwhile are stored first. */
const INDEX_PAUSE_MS = 40

/**
 * Indexes the words of new messages for the search: a moment after they are stored, a group at a time, or as soon as somebody searches. Then the
 * words of those that an earlier mayfly has indexed.
 */
function createWordIndexing(index: InboxDatabase['index']) {
  let timer: ReturnType<typeof setTimeout> | undefined

  /** Messages that cannot be indexed now are indexed after the next message, or with the next search. @returns true when there are more */
  function indexGroup(): boolean {
    try {
      if (index.hasUnindexed) index.add(INDEX_GROUP)
      else index.addAgain(INDEX_GROUP)
      return index.hasUnindexed || index.hasOlder
    } catch {
      return false
    }
  }

  function run(): void {
    timer = indexGroup() ? setTimeout(run, INDEX_PAUSE_MS) : undefined
  }

  return {
    /** Indexes what is not indexed yet, after `INDEX_MS`. */
    schedule() {
      timer ??= setTimeout(run, INDEX_MS)
    },
    /** Indexes new messages now. Those that an earlier mayfly has indexed, perhaps very many, have to wait their turn. */
    finish() {
      while (index.hasUnindexed && indexGroup());
    },
    stop: () => clearTimeout(timer),
  }
}
