/**
 * Per-client quota of the outbox, which clients share with each other and with the node's owner. A message that no receiver stores waits there
 * until its ttl ends, perhaps for days; those of one client must not fill the outbox.
 */

import { onAbort } from '../../node/async/abort.ts'
import { type ClientAddress, encodeKeyHex, type Key, type Messages } from '../../node/index.ts'
import { PROBLEM_NUMBERS } from '../http/problem-numbers.ts'
import { createClientQuota } from '../limits/client-quota.ts'

interface WaitingPostsOptions {
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

export function createWaitingPosts({ maxWaiting, maxWaitingPerAddress, onOutbox, closing, now }: WaitingPostsOptions) {
  /** By id, hex. Bounded: maxWaiting. */
  const kept = new Map<string, { leave(): void; untilMs: number }>()
  let isListening = false
  let sweptAtMs = now()
  const quota = createClientQuota({
    maxOpen: maxWaiting,
    maxOpenPerAddress: maxWaitingPerAddress,
    what: 'messages waiting for a receiver',
    number: PROBLEM_NUMBERS.postsWaiting,
  })

  function listen(): void {
    if (isListening || closing.aborted) return
    isListening = true
    const stop = onOutbox(({ id, isDone }) => {
      if (isDone) free(encodeKeyHex(id))
    })
    onAbort(closing, stop)
  }

  function free(name: string): void {
    kept.get(name)?.leave()
    kept.delete(name)
  }

  function sweep(): void {
    const nowMs = now()
    if (nowMs - sweptAtMs < SWEEP_MS) return
    sweptAtMs = nowMs
    for (const [name, { untilMs }] of kept) if (untilMs <= nowMs) free(name)
  }

  /** @throws {ProblemError} 429 */
  return (client: ClientAddress, bytes: number): WaitingPost => {
    sweep()
    const leave = quota.enter(client, 1 + Math.floor(bytes / UNIT_BYTES))
    let isKept = false
    return {
      kept: (id, ttlMs) => {
        isKept = true
        listen()
        kept.set(encodeKeyHex(id), { leave, untilMs: now() + ttlMs })
      },
      settled() {
        if (!isKept) leave()
      },
    }
  }
}
