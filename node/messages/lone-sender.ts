/**
 * A sender without a peer: it seals and signs messages, keeps them in an outbox, and hands them to a node's gateway, which brings them to their
 * ends as a tab's home does. It believes the gateway no more than a tab believes its home: a receipt counts by its receiver's signature.
 */

import { createRecentMap } from '../async/recent-map.ts'
import { MayflyError } from '../errors.ts'
import { encodeKeyHex } from '../keys/index.ts'
import type { Key } from '../types.ts'
import type { Envelope } from './format/envelope.ts'
import { WIRE_REFUSALS } from './format/refusals.ts'
import { createComposer } from './outbox/composer.ts'
import { createOutbox } from './outbox/outbox.ts'
import { type DeliveryProgress, NO_PROGRESS } from './protocol/wire.ts'
import { outcomeOf } from './routing/attempt.ts'
import { progressOfOwnHome } from './routing/reported-progress.ts'
import { declinedFor } from './routing/row-receivers.ts'
import { createSeenMessages, type ReceiptListener } from './routing/seen-messages.ts'
import type {
  GuestPosted,
  GuestPosts,
  MessageDraft,
  MessageLimits,
  MessageRefusal,
  MessageSecret,
  Messages,
  OutboxStore,
  Posted,
  PostOptions,
  PostOutcome,
} from './types.ts'

export { parseEnd } from './format/end.ts'
export { ENVELOPE_DEFAULTS } from './format/envelope.ts'
export { REFUSALS } from './format/refusal-facts.ts'

/** Undefined when no refusal has that name. */
export function refusalReasonOf(name: unknown): MessageRefusal | undefined {
  return typeof name === 'string' && Object.hasOwn(WIRE_REFUSALS, name) ? (name as MessageRefusal) : undefined
}

/** The part of a peer's messages that a sender has. */
export interface LoneSender extends Pick<Messages, 'post' | 'entry' | 'forget' | 'onOutbox'> {
  /** Messages that wait in the outbox are sent again, all of them, once a new one is on its way. */
  start(): Promise<void>
  /** Waits for the writes under way. The store stays open. */
  stop(): Promise<void>
  /** Why the gateway did not take a message when it was last handed in, in its own words; undefined when it did. */
  failureOf(id: Key): MayflyError | undefined
}

/** The node that takes messages, as its gateway lets it be asked by one sender. */
export interface PostingGateway extends Pick<GuestPosts, 'now' | 'findPublicKey'> {
  /**
   * @throws {MayflyError} ERR_LIMIT, when it takes no more of this client for now, with `{ retryAfterMs }` as its cause where it said how
   *   long; another code when it cannot be asked
   * @throws signal.reason, when aborted
   */
  post(envelope: Uint8Array, options: { signal: AbortSignal }): Promise<GuestPosted>
}

interface LoneSenderContext {
  secret: MessageSecret
  store: OutboxStore
  gateway: PostingGateway
  limits: Pick<MessageLimits, 'maxMessageBytes'>
  /** Clock of this machine, in ms since the epoch: other processes share the store, and go by it. */
  wall(): number
  random(): number
}

/** A few at once, and no timer runs for those that wait: an outbox may have thousands, and a gateway takes so many of one address. */
const MAX_POSTS = 8
/** How long one attempt may take, in ms: one gateway may be silent, and the next one asked. Less than the outbox claims an entry for. */
const ATTEMPT_MS = 14_000
/** How long a post waits for its outcome when its caller does not say, in ms: until the receiver's key was found, and for one attempt. */
const WAIT_MS = 20_000
/** More than are tried again while a command waits. */
const MAX_FAILURES = 1_024

export function createLoneSender({ secret, store, gateway, limits, wall, random }: LoneSenderContext): LoneSender {
  const seenMessages = createSeenMessages()
  /** By message id, hex. */
  const failures = createRecentMap<string, MayflyError>({ maxEntries: MAX_FAILURES })
  const findPublicKey = (end: Key, { signal = NEVER }) => gateway.findPublicKey(end, { signal })
  const composer = createComposer({ store, findPublicKey, limits, now: gateway.now })
  const older = Promise.withResolvers<void>()
  const outbox = createOutbox(
    {
      store: {
        ...store,
        // The person waits for the new message, which must not stand behind all those that came before it.
        waiting: async (limit) => {
          await older.promise
          return store.waiting(limit)
        },
      },
      ...{ composer, attempt, secret, random },
      emit() {},
      now: wall,
      // An entry that expires is lost: both clocks have to say so, the gateway's and this machine's.
      remainingMs: (atMs) => atMs - Math.min(gateway.now(), wall()),
    },
    { maxTries: MAX_POSTS, tryTimeoutMs: ATTEMPT_MS, waitMs: WAIT_MS },
  )

  async function hand(envelope: Envelope, signal: AbortSignal): Promise<DeliveryProgress> {
    const id = encodeKeyHex(envelope.id)
    try {
      const { receipts, declines, ...progress } = await gateway.post(envelope.bytes, { signal })
      failures.delete(id)
      for (const receipt of receipts) unlessForged(() => seenMessages.takeReceipt(receipt))
      for (const decline of declines) unlessForged(() => seenMessages.takeDecline(decline))
      return progressOfOwnHome(progress, envelope)
    } catch (error) {
      const isSaid = error instanceof MayflyError
      failures.set(id, isSaid ? error : new MayflyError('ERR_NO_NETWORK', 'Cannot send: no gateway answered in time', { cause: error }))
      signal.throwIfAborted()
      return { ...NO_PROGRESS, refusal: refusalOf(error) }
    }
  }

  /** The gateway waits for receivers: when it has answered, all of this attempt is known. */
  async function attempt(_: unknown, envelope: Envelope, { signal }: { signal: AbortSignal }): Promise<PostOutcome> {
    const { id } = envelope
    const seen = seenMessages.add(envelope)
    /** By receiver, hex. Bounded by what an answer may have. */
    const declines = new Map<string, MessageRefusal>()
    let isOver = false
    const listener: ReceiptListener = {
      isOpen: true,
      /** One that comes later came with another message of the same receiver. */
      onReceipt(receipt) {
        if (isOver) void outbox.onReceipt({ ...receipt, ids: [id] }).catch(() => {})
      },
      onDecline({ receiver, reason }) {
        if (!isOver) declines.set(encodeKeyHex(receiver), declinedFor(envelope, reason))
      },
    }
    seenMessages.listen(seen, listener)
    try {
      const progress = await hand(envelope, signal)
      return outcomeOf(envelope, [...seen.receipts], declines, progress)
    } finally {
      isOver = true
    }
  }

  async function post(end: string, draft: MessageDraft, options: PostOptions = {}): Promise<Posted> {
    try {
      const onKept = (id: Key) => {
        options.onKept?.(id)
        older.resolve()
      }
      return await outbox.post(end, draft, { ...options, onKept })
    } finally {
      older.resolve()
    }
  }

  return {
    post,
    entry: (id) => outbox.get(id),
    forget: (id) => outbox.forget(id),
    onOutbox: (listener) => outbox.onOutbox(listener),
    failureOf: (id) => failures.get(encodeKeyHex(id)),
    async start() {
      await outbox.start()
      outbox.kick()
    },
    stop: () => outbox.stop(),
  }
}

const NEVER = new AbortController().signal

function refusalOf(error: unknown): NonNullable<GuestPosted['refusal']> {
  if (!(error instanceof MayflyError && error.code === 'ERR_LIMIT')) return { reason: 'no-network', retryAfterMs: 0 }
  const { retryAfterMs } = (error.cause ?? {}) as { retryAfterMs?: unknown }
  return { reason: 'sender-rate', retryAfterMs: typeof retryAfterMs === 'number' ? retryAfterMs : 0 }
}

/** A statement that no receiver of the message signed counts for nothing. */
function unlessForged(take: () => unknown): void {
  try {
    take()
  } catch {}
}
