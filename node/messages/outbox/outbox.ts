/**
 * Outbox: seals, signs and stores what is posted, and sends it until it is stored by a receiver, refused for good, or expired. The first attempt
 * runs while the entry is being written; `post` resolves only once it is written. Retries are retry-scheduler.ts's; store and network are
 * handed in.
 */

import { createTimeout } from '../../async/abort.ts'
import { MayflyError } from '../../errors.ts'
import { encodeKeyHex, equalBytes, KEY_BYTES, sha256 } from '../../keys/index.ts'
import type { Key, RefusedEvent } from '../../types.ts'
import { type End, parseEnd } from '../format/end.ts'
import { decodeEnvelope, type Envelope } from '../format/envelope.ts'
import type {
  MessageDraft,
  MessageEvent,
  MessageSecret,
  OutboxEntry,
  OutboxStore,
  Posted,
  PostOptions,
  PostOutcome,
  Receipt,
} from '../types.ts'
import type { Composer } from './composer.ts'
import { createOutboxLoad } from './outbox-load.ts'
import { createOutcomeWaits } from './outcome-waits.ts'
import { createRetryScheduler, isFinal, type RetryOptions } from './retry-scheduler.ts'

export const OUTBOX_DEFAULTS = {
  /** Messages that wait at once. */
  maxEntries: 10_000,
  /** The sum of the envelopes that wait, in bytes. */
  maxBytes: 67_108_864, // it may be in memory
  /** How long the outcome of a message is kept after it was posted, in ms. */
  keepDoneMs: 604_800_000, // the longest time to live
  /** Messages that are done and still known with what became of them. */
  maxDone: 1_000,
  /** How long `post` waits for a first outcome when its caller does not say, in ms. */
  waitMs: 10_000, // as long as one attempt
}

export type OutboxOptions = RetryOptions & Partial<typeof OUTBOX_DEFAULTS>

export interface OutboxContext {
  store: OutboxStore
  composer: Composer
  /** Sends a message once. Rejects when there is nobody to send it to now. */
  attempt(end: End, envelope: Envelope, options: { signal: AbortSignal }): Promise<PostOutcome>
  /** Signs posts that are given no secret. */
  secret: MessageSecret
  emit(event: MessageEvent | RefusedEvent): void
  /** In ms since the epoch, by a clock that this peer shares with other processes that share the store. */
  now(): number
  /** How long it is until a time of the network, in ms, by every clock there is; `now` alone when left out. */
  remainingMs?(atMs: number): number
  /** From 0 to 1. */
  random(): number
}

interface SendOptions extends Pick<PostOptions, 'signal' | 'onKept'> {
  /** Aborted when the caller waits no longer. */
  late: AbortSignal
  /** True: any outcome ends the wait; false: only a final one does. */
  isQueuedEnough: boolean
}

/** Entries that `list` gives when its caller does not say how many. */
const LISTED = 100
const STOP_MS = 1_000
/** Receipts that are kept of one message: an end may have thousands of receivers, and a sender is content with some. */
const MAX_RECEIPTS = 64

export type Outbox = ReturnType<typeof createOutbox>

export function createOutbox(context: OutboxContext, options: OutboxOptions = {}) {
  const { store, composer, now } = context
  const { waitMs: defaultWaitMs, ...limits } = { ...OUTBOX_DEFAULTS, ...options }
  const load = createOutboxLoad(store, limits, now)
  const waits = createOutcomeWaits(store)
  const listeners = new Set<(entry: OutboxEntry) => void>()
  /** Entries made here, with what they were made of: the first attempt need not decode them. */
  const fresh = new WeakMap<OutboxEntry, { end: End; envelope: Envelope }>()
  let state: 'new' | 'running' | 'stopped' = 'new'
  let starting: Promise<void> | undefined

  const retries = createRetryScheduler(
    {
      store,
      async attempt(entry, signal) {
        const made = fresh.get(entry)
        if (made !== undefined) return context.attempt(made.end, made.envelope, { signal })
        const envelope = readEnvelope(entry)
        if (envelope === undefined) return { state: 'refused', reason: 'malformed' }
        return context.attempt(parseEnd(entry.end), envelope, { signal })
      },
      onFinal: (entry, outcome) => waits.onChange({ ...entry, outcome, isDone: true }),
      onChange,
      now,
      ...(context.remainingMs && { remainingMs: context.remainingMs }),
      random: context.random,
    },
    options,
  )

  function onChange(entry: OutboxEntry, before: OutboxEntry | undefined): void {
    const { outcome } = entry
    if (entry.isDone && before?.isDone === false) load.onDone(entry)
    for (const listener of [...listeners]) {
      try {
        listener(entry)
      } catch {
        listeners.delete(listener)
      }
    }
    if (outcome !== undefined && outcome.state !== before?.outcome?.state) {
      context.emit({ type: 'posted', id: encodeKeyHex(entry.id), end: entry.end, state: outcome.state })
    }
    waits.onChange(entry)
  }

  function checkRunning(): void {
    if (state !== 'running') throw new MayflyError('ERR_NOT_STARTED', 'Cannot post: the peer is not running')
  }

  async function start(): Promise<void> {
    await load.start()
    if (state !== 'new') return load.stop()
    state = 'running'
    retries.start()
  }

  /** Writes a new entry, attempts it meanwhile where there is room, and waits for its outcome. */
  async function send(end: End, envelope: Envelope, options: SendOptions): Promise<PostOutcome> {
    const { signal, late, isQueuedEnough, onKept } = options
    const isAttemptedNow = retries.hasRoom
    const entry = createEntry(end, envelope, now(), isAttemptedNow ? retries.claimedUntilMs() : 0)
    fresh.set(entry, { end, envelope })
    load.add(entry)
    const written = store.put(entry)
    const outcome = waits.outcomeOf(entry, late, isQueuedEnough, signal)
    outcome.catch(() => {}) // aborted while it is written: awaited below
    const attempted = isAttemptedNow ? retries.begin(entry, written) : undefined
    try {
      await written
    } catch (error) {
      load.remove(entry)
      const unwritten = await attempted
      waits.cancel(entry.id)
      // It need not be written any more: an error would say that it has to be posted again.
      if (unwritten !== undefined && isFinal(unwritten)) return unwritten
      throw error
    }
    onKept?.(envelope.id)
    onChange(entry, undefined)
    if (!isAttemptedNow) retries.look()
    return outcome
  }

  return {
    /** Goes on with the entries in the store. */
    start: () => (starting ??= start()),
    /** Ends all attempts, and waits for their writes, no longer than this, in ms. The store stays open: its owner closes it. */
    async stop(timeoutMs = STOP_MS) {
      state = 'stopped'
      load.stop()
      await retries.stop(timeoutMs)
      waits.end()
    },
    /** @see Messages.post */
    async post(
      endText: string,
      draft: MessageDraft,
      { secret = context.secret, waitMs, ...postOptions }: PostOptions = {},
    ): Promise<Posted> {
      const { signal } = postOptions
      checkRunning()
      signal?.throwIfAborted()
      load.checkRoom()
      const end = parseEnd(endText)
      // The search for the receiver's key is a part of the wait.
      const wait = createTimeout(waitMs ?? defaultWaitMs)
      try {
        const envelope = await composer.compose(end, draft, { secret, ...(signal && { signal }) })
        if (envelope === undefined) {
          return { id: new Uint8Array(KEY_BYTES), outcome: { state: 'refused', reason: 'unknown-receiver' } }
        }
        checkRunning()
        load.checkRoom()
        const outcome = await send(end, envelope, { ...postOptions, late: wait.signal, isQueuedEnough: waitMs === undefined })
        return { id: envelope.id, outcome }
      } finally {
        wait.end()
      }
    },
    /** The network is back: all waiting entries are attempted now. */
    kick: () => retries.kick(),
    /** Takes a receipt that came after its attempt, and whose signature was checked. */
    async onReceipt(receipt: Receipt) {
      const receiver = await sha256(receipt.receiver)
      for (const id of receipt.ids) {
        let before: OutboxEntry | undefined
        const entry = await store.change(id, (found) => {
          before = found
          return withReceipt(found, receipt, receiver)
        })
        if (entry !== undefined) onChange(entry, before)
      }
    },
    get: (id: Key) => store.get(id),
    list: (limit = LISTED) => store.list(limit),
    async forget(id: Key) {
      const entry = await store.get(id)
      if (entry === undefined) return false
      await store.remove(id)
      retries.cancel(id)
      onChange({ ...entry, isDone: true, outcome: entry.isDone ? entry.outcome : { state: 'expired' } }, entry)
      return true
    },
    onOutbox(listener: (entry: OutboxEntry) => void) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}

/** An entry that is attempted at once has been claimed. */
function createEntry(end: End, envelope: Envelope, nowMs: number, claimedUntilMs: number): OutboxEntry {
  return {
    id: envelope.id,
    end: end.text,
    envelope: envelope.bytes,
    createdAtMs: nowMs,
    expiresAtMs: envelope.expiresAtMs,
    tries: 0,
    nextTryAtMs: Math.max(claimedUntilMs, nowMs),
    claimedUntilMs,
    outcome: undefined,
    isDone: false,
  }
}

/** Undefined when the store has changed the envelope. */
function readEnvelope({ id, envelope }: OutboxEntry): Envelope | undefined {
  try {
    const read = decodeEnvelope(envelope)
    return equalBytes(read.id, id) ? read : undefined
  } catch {
    return undefined
  }
}

/** The entry with the receipt; undefined when that is not new, or not from the hashname that the message went to. */
function withReceipt(entry: OutboxEntry, receipt: Receipt, receiver: Key): OutboxEntry | undefined {
  const end = parseEnd(entry.end)
  if (end.kind === 'hashname' && !equalBytes(end.key, receiver)) return undefined
  const receipts = entry.outcome?.state === 'stored' ? entry.outcome.receipts : []
  if (receipts.length >= MAX_RECEIPTS || receipts.some((known) => equalBytes(known.receiver, receipt.receiver))) return undefined
  return { ...entry, claimedUntilMs: 0, isDone: true, outcome: { state: 'stored', receipts: [...receipts, receipt] } }
}
