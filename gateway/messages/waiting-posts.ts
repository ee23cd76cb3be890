/**
 * Per-client quota of the outbox, which clients share with each other and with the node's owner. A message that no receiver stores waits there
 * until its ttl ends, perhaps for days; those of one client must not fill the outbox.
 */

import { onAbort } from '../../node/async/abort.ts'
import { type ClientAddress, encodeKeyHex, type Key, type Messages } from '../../node/index.ts'
import { PROBLEM_NUMBERS } from '../http/problem-numbers.ts'
import { ClientQuota } from '../limits/client-quota.ts'

export interface WaitingPostsOptions {
  /** Messages that wait, of all clients and of one client address. A large one counts as several. */
  maxWaiting: number
  maxWaitingPerAddress: number
  /** Subscribes to the changes of the outbox. */
  onOutbox: Messages['onOutbox']
  /** Aborted when posting ends. */
  closing: AbortSignal
  /** In ms; any origin. */
  now(): number
}

export interface WaitingPost {
  /** The message is in the outbox: its quota is freed when it leaves the outbox. */
  kept(id: Key, ttlMs: number): void
  /** The post has ended: frees its quota, unless the message was kept. */
  settled(): void
}

/** The bytes that count as one message: all of the quota is half of the bytes of an outbox, too. */
const UNIT_BYTES = 6_144
/** How often to free expired messages, in ms. When another process finishes a message, no event arrives here. */
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
    const leave = this.#quota.enter(client, 1 + Math.floor(bytes / UNIT_BYTES))
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
