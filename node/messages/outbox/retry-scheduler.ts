/**
 * The outbox's tries: which entry is tried when, and what is written of it. An entry is claimed in the store before it is tried, so that of
 * several who share the store one at a time does. The first try of a new entry begins while the entry is being written, and who waits for it is
 * told what became of it while that is: when it is lost, the message is sent once more, and its receiver knows it. What a try is, is handed in.
 */

import { encodeKeyHex } from '../../keys/index.ts'
import { inTime, raceAbort } from '../../network/index.ts'
import type { Key } from '../../types.ts'
import { REFUSALS } from '../format/refusals.ts'
import type { OutboxEntry, OutboxStore, PostOutcome } from '../types.ts'

export interface RetryOptions {
  /** The wait after the first try, in ms; each further one doubles it. */
  minRetryMs?: number
  /** The longest wait between two tries, in ms. */
  maxRetryMs?: number
  /** The longest wait that somebody else can ask for, in ms. */
  maxAskedRetryMs?: number
  /** How long one try may take, in ms. */
  tryTimeoutMs?: number
  /** How long an entry is claimed for one try, in ms: longer than the try. After a crash it rests until then. */
  claimMs?: number
  /** Entries tried at once. */
  maxTries?: number
  /** How often to look for what others put into a shared store, in ms. */
  lookMs?: number
}

export const RETRY_DEFAULTS: Readonly<Required<RetryOptions>> = {
  minRetryMs: 1_000,
  maxRetryMs: 60_000,
  maxAskedRetryMs: 600_000,
  tryTimeoutMs: 10_000,
  claimMs: 15_000,
  maxTries: 256,
  lookMs: 2_000, // one indexed question, and a person may watch a page meanwhile
}

export interface RetrySchedulerContext {
  store: OutboxStore
  /** Sends it once. Rejects when that is not possible now. */
  attempt(entry: OutboxEntry, signal: AbortSignal): Promise<PostOutcome>
  /** Nothing more can become of an entry: it is about to be written. */
  onFinal(entry: OutboxEntry, outcome: PostOutcome): void
  /** An entry has changed, durably. */
  onChange(entry: OutboxEntry, before: OutboxEntry): void
  /** In ms since the epoch; those who share a store share the clock. */
  now(): number
  /** In [0, 1). */
  random(): number
}

export interface RetryScheduler {
  /** True when one more can be tried at once. */
  readonly hasRoom: boolean
  /** What waits in the store is tried from now on. */
  start(): void
  /** Ends all tries, and waits no longer than this for what is still to be written, in ms. */
  stop(timeoutMs: number): Promise<void>
  /** Until when an entry has to be claimed that is tried now, in ms since the epoch. */
  claimedUntilMs(): number
  /** Tries an entry that is being written with such a claim. Resolves with what came of the try; undefined when it was stopped. */
  begin(entry: OutboxEntry, written: Promise<void>): Promise<PostOutcome | undefined>
  /** There is an entry that is due. */
  look(): void
  /** The network is back: whatever waits is tried, however long its wait would still be. */
  kick(): void
  /** Ends the try of an entry. */
  cancel(id: Key): void
}

/** How many entries are read at once when looking, and after a kick; the rest come when these have been tried. */
const LOOK_ENTRIES = 64
const KICK_ENTRIES = 1_000

/** True when nothing more can become of it. */
export function isFinal(outcome: PostOutcome): boolean {
  switch (outcome.state) {
    case 'stored':
    case 'heard':
    case 'expired':
      return true
    case 'refused':
      return REFUSALS[outcome.reason].isFinal
    case 'queued':
      return false
  }
}

export function createRetryScheduler(context: RetrySchedulerContext, options: RetryOptions = {}): RetryScheduler {
  const { store, now, random } = context
  const { minRetryMs, maxRetryMs, maxAskedRetryMs, tryTimeoutMs, claimMs, maxTries, lookMs } = { ...RETRY_DEFAULTS, ...options }
  /** By id, hex. Bounded: maxTries. */
  const running = new Map<string, AbortController>()
  /** To be tried, first in, first out; with the due time that was read, since whoever tries it meanwhile changes that. Bounded: KICK_ENTRIES. */
  const queue = new Map<string, { id: Key; nextTryAtMs: number }>()
  /** What is being written. Bounded: maxTries. */
  const writing = new Set<Promise<void>>()
  let state: 'new' | 'running' | 'stopped' = 'new'
  let timer: ReturnType<typeof setTimeout> | undefined
  let isLooking = false
  let lookAgain = false
  let mayBeMore = false
  let kickedAtMs = 0
  let isKicked = false

  function waitAfter(tries: number, retryAfterMs = 0): number {
    const longest = Math.min(maxRetryMs, minRetryMs * 2 ** Math.min(tries - 1, 30))
    return Math.max(longest * (0.5 + random() / 2), Math.min(retryAfterMs, maxAskedRetryMs))
  }

  function begin(entry: OutboxEntry, written: Promise<void>): Promise<PostOutcome | undefined> {
    const { promise, resolve } = Promise.withResolvers<PostOutcome | undefined>()
    occupy(entry.id, (signal) => tryOnce(entry, signal, written, resolve))
    return promise
  }

  /** What is done with an entry, one thing at a time. */
  function occupy(id: Key, act: (signal: AbortSignal) => Promise<void>): void {
    const name = encodeKeyHex(id)
    const abort = new AbortController()
    const late = setTimeout(() => abort.abort(new DOMException('no outcome in time', 'TimeoutError')), tryTimeoutMs)
    running.set(name, abort)
    const acting = act(abort.signal).finally(() => {
      clearTimeout(late)
      running.delete(name)
      writing.delete(acting)
      pump()
    })
    writing.add(acting)
  }

  /** Writes what came of it once the entry is there; one that could not be written leaves nothing to write. */
  async function tryOnce(
    entry: OutboxEntry,
    signal: AbortSignal,
    written?: Promise<void>,
    tell?: (outcome?: PostOutcome) => void,
  ): Promise<void> {
    const startedAtMs = now()
    const outcome = entry.expiresAtMs <= startedAtMs ? ({ state: 'expired' } as const) : await outcomeOfTry(entry, signal)
    if (outcome !== undefined && isFinal(outcome)) context.onFinal(entry, outcome)
    tell?.(outcome)
    try {
      await written
    } catch {
      return
    }
    await (outcome === undefined ? releaseClaim(entry.id) : write(entry, outcome, startedAtMs))
  }

  /** Undefined when it was stopped. */
  async function outcomeOfTry(entry: OutboxEntry, signal: AbortSignal): Promise<PostOutcome | undefined> {
    try {
      signal.throwIfAborted()
      return await raceAbort(context.attempt(entry, signal), signal)
    } catch {
      return state === 'stopped' ? undefined : { state: 'refused', reason: 'no-network' }
    }
  }

  async function write({ id }: OutboxEntry, outcome: PostOutcome, startedAtMs: number): Promise<void> {
    let before: OutboxEntry | undefined
    const change = (entry: OutboxEntry): OutboxEntry | undefined => {
      before = entry
      if (entry.isDone) return undefined // somebody else was faster
      const tries = entry.tries + 1
      const isDone = isFinal(outcome)
      const asked = outcome.state === 'refused' ? outcome.retryAfterMs : undefined
      const waitMs = startedAtMs < kickedAtMs ? 0 : waitAfter(tries, asked)
      const nextTryAtMs = Math.min(now() + Math.ceil(waitMs), entry.expiresAtMs)
      return { ...entry, tries, nextTryAtMs, claimedUntilMs: 0, outcome, isDone }
    }
    // What cannot be written is as if it had not been tried: the claim runs out, and it is tried again.
    const after = await store.change(id, change).catch(() => undefined)
    if (before === undefined || after === undefined) return
    context.onChange(after, before)
    if (!after.isDone) schedule(after.nextTryAtMs)
  }

  /** Gives up its claim: whoever comes next need not wait until it has run out. */
  async function releaseClaim(id: Key): Promise<void> {
    await store.change(id, (entry) => (entry.isDone ? undefined : { ...entry, nextTryAtMs: now(), claimedUntilMs: 0 })).catch(() => {})
  }

  async function claimAndTry(id: Key, nextTryAtMs: number, signal: AbortSignal): Promise<void> {
    const untilMs = now() + claimMs
    const claim = (entry: OutboxEntry): OutboxEntry | undefined =>
      entry.isDone || entry.claimedUntilMs > now() || entry.nextTryAtMs !== nextTryAtMs
        ? undefined
        : { ...entry, nextTryAtMs: untilMs, claimedUntilMs: untilMs }
    const entry = await store.change(id, claim).catch(() => undefined)
    if (entry === undefined) return
    if (mayBeMore) lookAgain = true
    await tryOnce(entry, signal)
  }

  function pump(): void {
    if (state !== 'running') return
    for (const [name, { id, nextTryAtMs }] of queue) {
      if (running.size >= maxTries) return
      queue.delete(name)
      if (!running.has(name)) occupy(id, (signal) => claimAndTry(id, nextTryAtMs, signal))
    }
    if (lookAgain) look()
  }

  function look(): void {
    if (state !== 'running') return
    lookAgain = isLooking || queue.size > 0
    if (lookAgain) return
    isLooking = true
    void read().finally(() => {
      isLooking = false
      pump()
    })
  }

  async function read(): Promise<void> {
    const wasKicked = isKicked
    isKicked = false
    const limit = wasKicked ? KICK_ENTRIES : LOOK_ENTRIES
    // A store that cannot be read now is read again at the next look.
    const entries = await store.waiting(limit).catch(() => [])
    const nowMs = now()
    const isDue = ({ nextTryAtMs }: OutboxEntry) => wasKicked || nextTryAtMs <= nowMs
    for (const entry of entries) {
      if (isDue(entry)) queue.set(encodeKeyHex(entry.id), { id: entry.id, nextTryAtMs: entry.nextTryAtMs })
    }
    const next = entries.find((entry) => !isDue(entry))
    mayBeMore = next === undefined && entries.length === limit
    schedule(Math.min(next?.nextTryAtMs ?? Number.POSITIVE_INFINITY, nowMs + lookMs))
  }

  let scheduledAtMs = Number.POSITIVE_INFINITY
  function schedule(atMs: number): void {
    if (state !== 'running' || atMs >= scheduledAtMs) return
    scheduledAtMs = atMs
    clearTimeout(timer)
    timer = setTimeout(
      () => {
        scheduledAtMs = Number.POSITIVE_INFINITY
        look()
      },
      Math.min(Math.max(atMs - now(), 0), lookMs),
    )
  }

  return {
    get hasRoom() {
      return running.size < maxTries && queue.size === 0
    },
    start() {
      if (state !== 'new') return
      state = 'running'
      look()
    },
    async stop(timeoutMs) {
      state = 'stopped'
      clearTimeout(timer)
      queue.clear()
      for (const abort of running.values()) abort.abort(new DOMException('the outbox was stopped', 'AbortError'))
      await inTime(Promise.all([...writing]), timeoutMs)
    },
    claimedUntilMs: () => now() + claimMs,
    begin,
    look,
    kick() {
      kickedAtMs = now()
      isKicked = true
      look()
    },
    cancel(id) {
      const name = encodeKeyHex(id)
      queue.delete(name)
      running.get(name)?.abort(new DOMException('given up', 'AbortError'))
    },
  }
}
