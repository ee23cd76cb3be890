/**
 * Places of visitors in the outbox that they share with each other and with the node's owner: what one address posts and nobody stores waits
 * there until its time is over, which may be days, and must not keep all others from posting.
 */

import { onAbort } from '../../node/async/abort.ts'
import { type ClientAddress, encodeKeyHex, type Key, type Messages } from '../../node/index.ts'
import { PROBLEM_NUMBERS } from '../http/problem-numbers.ts'
import { ClientQuota } from '../limits/client-quota.ts'

export interface WaitingPostsOptions {
  /** Messages that wait, in all and of one client address; a large one counts as several. */
  maxWaiting: number
  maxWaitingPerAddress: number
  /** Hears what becomes of them. */
  onOutbox: Messages['onOutbox']
  /** Aborted when nothing is posted any more. */
  closing: AbortSignal
  /** In ms; any origin. */
  now(): number
}

export interface WaitingPost {
  /** It is in the outbox: its place is given back when it is done there. */
  kept(id: Key, ttlMs: number): void
  /** It is not being posted any more: gives its place back, unless it was kept. */
  settled(): void
}

/** A message has one place for so many bytes: all places together take half of the bytes of an outbox, too. */
const PLACE_BYTES = 6_144
/** How often to look for those that another process has finished, of which nothing is heard here, in ms. */
const SWEEP_MS = 60_000

export class WaitingPosts {
  readonly #options: WaitingPostsOptions
  readonly #quota: ClientQuota
  /** By id, hex. Bounded: maxWaiting. */
  readonly #kept = new Map<string, { leave(): void; untilMs: number }>()
  #isListening = false
  #sweptAtMs: number

  constructor(options: WaitingPostsOptions) {
    const { maxWaiting: maxOpen, maxWaitingPerAddress: maxOpenPerAddress, now } = options
    this.#options = options
    this.#quota = new ClientQuota({
      maxOpen,
      maxOpenPerAddress,
      what: 'messages waiting for a receiver',
      number: PROBLEM_NUMBERS.postsWaiting,
    })
    this.#sweptAtMs = now()
  }

  /** @throws {ProblemError} 429 */
  enter(client: ClientAddress, bytes: number): WaitingPost {
    this.#sweep()
    const leave = this.#quota.enter(client, 1 + Math.floor(bytes / PLACE_BYTES))
    let isKept = false
    return {
      kept: (id, ttlMs) => {
        isKept = true
        this.#listen()
        this.#kept.set(encodeKeyHex(id), { leave, untilMs: this.#options.now() + ttlMs })
      },
      settled() {
        if (!isKept) leave()
      },
    }
  }

  #listen(): void {
    const { onOutbox, closing } = this.#options
    if (this.#isListening || closing.aborted) return
    this.#isListening = true
    const stop = onOutbox(({ id, isDone }) => {
      if (isDone) this.#free(encodeKeyHex(id))
    })
    onAbort(closing, stop)
  }

  #free(name: string): void {
    this.#kept.get(name)?.leave()
    this.#kept.delete(name)
  }

  #sweep(): void {
    const nowMs = this.#options.now()
    if (nowMs - this.#sweptAtMs < SWEEP_MS) return
    this.#sweptAtMs = nowMs
    for (const [name, { untilMs }] of this.#kept) if (untilMs <= nowMs) this.#free(name)
  }
}
