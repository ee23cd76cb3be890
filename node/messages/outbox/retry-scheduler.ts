/**
 * Retry scheduler of the outbox, with exponential backoff and jitter. Before each attempt the entry is claimed in the store, so that two
 * processes that share one never send it at once. The first attempt of a new entry runs while the entry is still being written; if that write
 * fails after delivery, the message is sent again and its receiver drops the duplicate by its id.
 */

import { inTime, raceAbort } from '../../async/abort.ts'
import { backoffMs } from '../../async/backoff.ts'
import { encodeKeyHex } from '../../keys/index.ts'
import type { Key } from '../../types.ts'
import { WIRE_REFUSALS } from '../format/refusals.ts'
import type { OutboxEntry, OutboxStore, PostOutcome } from '../types.ts'
import { createDueEntries } from './due-entries.ts'

export const RETRY_DEFAULTS = {
  /** The wait after the first attempt, in ms; each further attempt doubles it. */
  minRetryMs: 1_000,
  /** The longest wait between two attempts, in ms. */
  maxRetryMs: 60_000,
  /** The longest wait that a refusing peer can ask for, in ms. */
  maxAskedRetryMs: 600_000,
  /** How long one attempt may take, in ms. */
  tryTimeoutMs: 10_000,
  /** How long an entry is claimed for one attempt, in ms: longer than the attempt. After a crash it rests until then. */
  claimMs: 15_000,
  /** Attempts at once, and those whose outcome is being written. */
  maxTries: 512, // a post that finds no place is read from the store again, which commits what waits for others to share a commit
  /** How often the store is read for entries of others that share it, in ms. */
  lookMs: 2_000, // one indexed query, and a person may watch a page meanwhile
}

export type RetryOptions = Partial<typeof RETRY_DEFAULTS>

export interface RetrySchedulerContext {
  store: OutboxStore
  /** Sends an entry once. Rejects when that is not possible now. */
  attempt(entry: OutboxEntry, signal: AbortSignal): Promise<PostOutcome>
  /** The outcome of an entry is final, and about to be written. */
  onFinal(entry: OutboxEntry, outcome: PostOutcome): void
  /** An entry has changed, durably. */
  onChange(entry: OutboxEntry, before: OutboxEntry): void
  /** In ms since the epoch; processes that share a store share the clock. */
  now(): number
  /** How long it is until the end of an entry's time, in ms; by `now` when left out. */
  remainingMs?(atMs: number): number
  /** From 0 to 1. */
  random(): number
}

/** True when no further attempt can change the outcome. */
export function isFinal(outcome: PostOutcome): boolean {
  switch (outcome.state) {
    case 'stored':
    case 'heard':
    case 'expired':
      return true
    case 'refused':
      return WIRE_REFUSALS[outcome.reason].isFinal
    case 'queued':
      return false
  }
}

/** A claim that ends later than any does was made before the clock was set back. */
function isClaimed({ claimedUntilMs }: OutboxEntry, nowMs: number, claimMs: number): boolean {
  return claimedUntilMs > nowMs && claimedUntilMs <= nowMs + claimMs
}

export function createRetryScheduler(context: RetrySchedulerContext, options: RetryOptions = {}) {
  const { store, now, random, remainingMs = (atMs: number) => atMs - now() } = context
  const { minRetryMs, maxRetryMs, maxAskedRetryMs, tryTimeoutMs, claimMs, maxTries, lookMs } = { ...RETRY_DEFAULTS, ...options }
  /** Each wait is from half of its length to all of it. */
  const backoff = { firstMs: minRetryMs * 0.75, maxMs: maxRetryMs * 0.75, jitter: 1 / 3 }
  const due = createDueEntries(store, { lookMs, longestWaitMs: maxAskedRetryMs }, fill, now)
  /** By id, hex. Bounded: maxTries. */
  const running = new Map<string, AbortController>()
  /** Attempts with their writes. Bounded: maxTries. */
  const writing = new Set<Promise<void>>()
  let state: 'new' | 'running' | 'stopped' = 'new'
  let kickedAtMs = 0

  /** Begins attempts while there is room. */
  function fill(): void {
    if (state !== 'running') return
    while (running.size < maxTries) {
      const entry = due.take()
      if (entry === undefined) break
      const { id, nextTryAtMs } = entry
      if (!running.has(encodeKeyHex(id))) run(id, (signal) => claimAndAttempt(id, nextTryAtMs, signal))
    }
    due.lookOn()
  }

  function run(id: Key, act: (signal: AbortSignal) => Promise<void>): void {
    const name = encodeKeyHex(id)
    const abort = new AbortController()
    const late = setTimeout(() => abort.abort(new DOMException('no outcome in time', 'TimeoutError')), tryTimeoutMs)
    running.set(name, abort)
    const acting = act(abort.signal).finally(() => {
      clearTimeout(late)
      running.delete(name)
      writing.delete(acting)
      fill()
    })
    writing.add(acting)
  }

  async function claimAndAttempt(id: Key, nextTryAtMs: number, signal: AbortSignal): Promise<void> {
    const untilMs = now() + claimMs
    const claim = (entry: OutboxEntry): OutboxEntry | undefined =>
      entry.isDone || isClaimed(entry, now(), claimMs) || entry.nextTryAtMs !== nextTryAtMs
        ? undefined
        : { ...entry, nextTryAtMs: untilMs, claimedUntilMs: untilMs }
    const entry = await store.change(id, claim).catch(() => undefined)
    if (entry === undefined) return
    due.onClaimed()
    await attemptOnce(entry, signal)
  }

  /** @param written when the entry is there; of one that could not be written, no outcome is written either */
  async function attemptOnce(
    entry: OutboxEntry,
    signal: AbortSignal,
    written?: Promise<void>,
    onOutcome?: (outcome?: PostOutcome) => void,
  ): Promise<void> {
    const startedAtMs = now()
    const outcome = remainingMs(entry.expiresAtMs) <= 0 ? ({ state: 'expired' } as const) : await outcomeOf(entry, signal)
    if (outcome !== undefined && isFinal(outcome)) context.onFinal(entry, outcome)
    onOutcome?.(outcome)
    try {
      await written
    } catch {
      return
    }
    await (outcome === undefined ? releaseClaim(entry.id) : writeOutcome(entry.id, outcome, startedAtMs))
  }

  /** Undefined when it was stopped. */
  async function outcomeOf(entry: OutboxEntry, signal: AbortSignal): Promise<PostOutcome | undefined> {
    try {
      signal.throwIfAborted()
      return await raceAbort(context.attempt(entry, signal), signal)
    } catch {
      return state === 'stopped' ? undefined : { state: 'refused', reason: 'no-network' }
    }
  }

  async function writeOutcome(id: Key, outcome: PostOutcome, startedAtMs: number): Promise<void> {
    let before: OutboxEntry | undefined
    const change = (entry: OutboxEntry): OutboxEntry | undefined => {
      before = entry
      if (entry.isDone) return undefined // another process was faster
      const tries = entry.tries + 1
      const nextTryAtMs = now() + Math.min(waitAfter(tries, outcome, startedAtMs), Math.max(remainingMs(entry.expiresAtMs), 0))
      return { ...entry, tries, nextTryAtMs, claimedUntilMs: 0, outcome, isDone: isFinal(outcome) }
    }
    // An outcome that cannot be written is lost: the claim runs out, and the entry is attempted again.
    const after = await store.change(id, change).catch(() => undefined)
    if (before === undefined || after === undefined) return
    context.onChange(after, before)
    if (!after.isDone) due.schedule(after.nextTryAtMs)
  }

  /** The wait before the next attempt, in ms: none after a kick, and at least as long as a refusing peer asked for. */
  function waitAfter(tries: number, outcome: PostOutcome, startedAtMs: number): number {
    if (startedAtMs < kickedAtMs) return 0
    const askedMs = (outcome.state === 'refused' ? outcome.retryAfterMs : undefined) ?? 0
    return Math.round(Math.max(backoffMs(tries, backoff, random), Math.min(askedMs, maxAskedRetryMs)))
  }

  /** Ends the claim early, so that the next process need not wait until it runs out. */
  async function releaseClaim(id: Key): Promise<void> {
    await store.change(id, (entry) => (entry.isDone ? undefined : { ...entry, nextTryAtMs: now(), claimedUntilMs: 0 })).catch(() => {})
  }

  return {
    /** True when one more attempt can begin at once. */
    get hasRoom() {
      return running.size < maxTries && due.size === 0
    },
    /** Begins with the entries in the store. */
    start() {
      if (state !== 'new') return
      state = 'running'
      due.start()
    },
    /** Ends all attempts, and waits for their writes, no longer than this, in ms. */
    async stop(timeoutMs: number) {
      state = 'stopped'
      due.stop()
      for (const abort of running.values()) abort.abort(new DOMException('the outbox was stopped', 'AbortError'))
      await inTime(Promise.all([...writing]), timeoutMs)
    },
    /** The end of a claim that begins now, in ms since the epoch. */
    claimedUntilMs: () => now() + claimMs,
    /** Attempts an entry that is being written with such a claim. Resolves with the outcome; undefined when it was stopped. */
    begin(entry: OutboxEntry, written: Promise<void>) {
      const { promise, resolve } = Promise.withResolvers<PostOutcome | undefined>()
      run(entry.id, (signal) => attemptOnce(entry, signal, written, resolve))
      return promise
    },
    /** Reads the store: an entry is due. */
    look: () => due.look(),
    /** The network is back: all waiting entries are attempted now. */
    kick() {
      kickedAtMs = now()
      due.kick()
    },
    /** Ends the attempt of an entry. */
    cancel(id: Key) {
      due.remove(id)
      running.get(encodeKeyHex(id))?.abort(new DOMException('given up', 'AbortError'))
    },
  }
}
