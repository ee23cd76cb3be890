/**
 * The outbox: what is posted is sealed, signed, and written down while it is sent for the first time: who posts hears nothing before it is
 * written. It is sent again until it is stored, refused for good, or expired. When, and how often, is `tries.ts`; where it is written, and how
 * it is sent, is handed in.
 */

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
  OutboxLoad,
  OutboxStore,
  Posted,
  PostOptions,
  PostOutcome,
  Receipt,
} from '../types.ts'
import { type ComposerContext, createComposer } from './composer.ts'
import { createOutcomeWaits } from './outcome-waits.ts'
import { createRetryScheduler, isFinal, type RetryOptions } from './retry-scheduler.ts'

export interface OutboxOptions extends RetryOptions {
  /** Messages that wait at once. */
  maxEntries?: number
  /** The sum of the envelopes that wait, in bytes. */
  maxBytes?: number
  /** What became of a message is kept this long after it was posted, in ms. */
  keepDoneMs?: number
  /** Messages that are done and still known with what became of them. */
  maxDone?: number
  /** How long `post` waits for a first outcome when it is not told, in ms. */
  waitMs?: number
}

export const OUTBOX_DEFAULTS: Readonly<Required<Omit<OutboxOptions, keyof RetryOptions>>> = {
  maxEntries: 10_000,
  maxBytes: 67_108_864, // it may be in memory
  keepDoneMs: 604_800_000, // the longest time to live
  maxDone: 1_000,
  waitMs: 10_000, // as long as one try
}

export interface OutboxContext extends ComposerContext {
  store: OutboxStore
  /** Sends a message once, and says how far it came. Rejects when there is nobody to send it to now. */
  attempt(end: End, envelope: Envelope, options: { signal: AbortSignal }): Promise<PostOutcome>
  /** Whose messages these are, when a post does not say. */
  secret: MessageSecret
  emit(event: MessageEvent | RefusedEvent): void
  /** In [0, 1). */
  random(): number
}

export interface Outbox {
  /** Goes on with what waits in the store. */
  start(): Promise<void>
  /** Ends all tries, and waits no longer than this for what is still to be written, in ms. The store stays open: it is another's. */
  stop(timeoutMs?: number): Promise<void>
  /** @see Messages.post */
  post(end: string, draft: MessageDraft, options?: PostOptions): Promise<Posted>
  /** The network is back: whatever waits is tried now. */
  kick(): void
  /** A receipt that came after its try had ended. That its receiver signed it was checked. */
  onReceipt(receipt: Receipt): Promise<void>
  list(limit?: number): Promise<OutboxEntry[]>
  forget(id: Key): Promise<boolean>
  onOutbox(listener: (entry: OutboxEntry) => void): () => void
}

/** Entries that `list` gives when it is not told how many. */
const LISTED = 100
const STOP_MS = 1_000
const PRUNE_MS = 60_000
/** Kept of one message: an end may have thousands of receivers, and a sender is content with some. */
const MAX_RECEIPTS = 64

export function createOutbox(context: OutboxContext, options: OutboxOptions = {}): Outbox {
  const { store, now } = context
  const { maxEntries, maxBytes, keepDoneMs, maxDone, waitMs: usualWaitMs } = { ...OUTBOX_DEFAULTS, ...options }
  const composer = createComposer(context)
  const waits = createOutcomeWaits(store)
  const listeners = new Set<(entry: OutboxEntry) => void>()
  /** Of entries made here: they need not be read again for their first try. */
  const fresh = new WeakMap<OutboxEntry, { end: End; envelope: Envelope }>()
  /** As counted when it was pruned last, with what came and went since. */
  let load: OutboxLoad = { waiting: 0, bytes: 0 }
  /** How many were done since it was pruned last. */
  let doneSince = 0
  let state: 'new' | 'running' | 'stopped' = 'new'
  let starting: Promise<void> | undefined
  let pruning: ReturnType<typeof setInterval> | undefined

  const tries = createRetryScheduler(
    {
      ...context,
      async attempt(entry, signal) {
        const made = fresh.get(entry)
        if (made !== undefined) return context.attempt(made.end, made.envelope, { signal })
        const envelope = readEnvelope(entry)
        if (envelope === undefined) return { state: 'refused', reason: 'malformed' }
        return context.attempt(parseEnd(entry.end), envelope, { signal })
      },
      onFinal: (entry, outcome) => waits.onChange({ ...entry, outcome, isDone: true }),
      onChange,
    },
    options,
  )

  function onChange(entry: OutboxEntry, before: OutboxEntry | undefined): void {
    const { outcome } = entry
    if (entry.isDone && before?.isDone === false) {
      carry(-1, entry)
      // Little at a time: who posts thousands in a second must not wait for all that became of them in a minute.
      if (++doneSince >= maxDone) pruneSoon()
    }
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

  function carry(entries: 1 | -1, { envelope }: OutboxEntry): void {
    load = { waiting: load.waiting + entries, bytes: load.bytes + entries * envelope.byteLength }
  }

  /** What cannot be pruned now is pruned next time. */
  function pruneSoon(): void {
    doneSince = 0
    void prune().catch(() => {})
  }

  async function prune(): Promise<void> {
    load = await store.prune(now() - keepDoneMs, maxDone)
  }

  function checkRunning(): void {
    if (state !== 'running') throw new MayflyError('ERR_NOT_STARTED', 'Cannot post: the peer is not running')
  }

  function checkRoom(): void {
    if (load.waiting < maxEntries && load.bytes < maxBytes) return
    throw new MayflyError(
      'ERR_LIMIT',
      `Cannot post: ${load.waiting} messages with ${load.bytes} bytes wait already, of ${maxEntries} with ${maxBytes} at most`,
    )
  }

  async function start(): Promise<void> {
    await prune()
    if (state !== 'new') return
    state = 'running'
    pruning = setInterval(pruneSoon, PRUNE_MS)
    tries.start()
  }

  return {
    start: () => (starting ??= start()),
    async stop(timeoutMs = STOP_MS) {
      state = 'stopped'
      clearInterval(pruning)
      await tries.stop(timeoutMs)
      waits.end()
    },
    async post(endText, draft, { secret = context.secret, signal, waitMs, onKept } = {}) {
      checkRunning()
      signal?.throwIfAborted()
      checkRoom()
      const end = parseEnd(endText)
      const envelope = await composer.compose(end, draft, { secret, ...(signal && { signal }) })
      if (envelope === undefined) {
        return { id: new Uint8Array(KEY_BYTES), outcome: { state: 'refused', reason: 'unknown-receiver' } }
      }
      checkRunning()
      checkRoom()
      const nowMs = now()
      const isTriedNow = tries.hasRoom
      const claimedUntilMs = isTriedNow ? tries.claimedUntilMs() : 0
      const entry: OutboxEntry = {
        id: envelope.id,
        end: end.text,
        envelope: envelope.bytes,
        createdAtMs: nowMs,
        expiresAtMs: envelope.expiresAtMs,
        tries: 0,
        nextTryAtMs: isTriedNow ? claimedUntilMs : nowMs,
        claimedUntilMs,
        outcome: undefined,
        isDone: false,
      }
      fresh.set(entry, { end, envelope })
      carry(1, entry)
      const written = store.put(entry)
      const outcome = waits.outcomeOf(entry, {
        waitMs: waitMs ?? usualWaitMs,
        isQueuedEnough: waitMs === undefined,
        ...(signal && { signal }),
      })
      outcome.catch(() => {}) // aborted while it is written: heard below
      const tried = isTriedNow ? tries.begin(entry, written) : undefined
      try {
        await written
      } catch (error) {
        carry(-1, entry)
        const unwritten = await tried
        waits.cancel(entry.id)
        // It need not be written any more: an error would say that it has to be posted again.
        if (unwritten !== undefined && isFinal(unwritten)) return { id: envelope.id, outcome: unwritten }
        throw error
      }
      onKept?.(envelope.id)
      onChange(entry, undefined)
      if (!isTriedNow) tries.look()
      return { id: envelope.id, outcome: await outcome }
    },
    kick: () => tries.kick(),
    async onReceipt(receipt) {
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
    list: (limit = LISTED) => store.list(limit),
    async forget(id) {
      const entry = await store.get(id)
      if (entry === undefined) return false
      await store.remove(id)
      tries.cancel(id)
      onChange({ ...entry, isDone: true, outcome: entry.isDone ? entry.outcome : { state: 'expired' } }, entry)
      return true
    },
    onOutbox(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}

/** Undefined when the store did not keep it as it was. */
function readEnvelope({ id, envelope }: OutboxEntry): Envelope | undefined {
  try {
    const read = decodeEnvelope(envelope)
    return equalBytes(read.id, id) ? read : undefined
  } catch {
    return undefined
  }
}

/** Undefined when it says nothing new, or is not from who the message was sent to. */
function withReceipt(entry: OutboxEntry, receipt: Receipt, receiver: Key): OutboxEntry | undefined {
  const end = parseEnd(entry.end)
  if (end.kind === 'hashname' && !equalBytes(end.key, receiver)) return undefined
  const receipts = entry.outcome?.state === 'stored' ? entry.outcome.receipts : []
  if (receipts.length >= MAX_RECEIPTS || receipts.some((known) => equalBytes(known.receiver, receipt.receiver))) return undefined
  return { ...entry, claimedUntilMs: 0, isDone: true, outcome: { state: 'stored', receipts: [...receipts, receipt] } }
}
