/**
 * A sender without a peer: it seals and signs messages, keeps them in an outbox, and hands them to a node's gateway, which brings them to their
 * ends as a tab's home does. It believes the gateway no more than a tab believes its home: a receipt counts by its receiver's signature.
 */

import { MayflyError } from '../errors.ts'
import type { Key } from '../types.ts'
import type { Envelope } from './format/envelope.ts'
import { WIRE_REFUSALS } from './format/refusals.ts'
import { createComposer } from './outbox/composer.ts'
import { createOutbox } from './outbox/outbox.ts'
import { NO_PROGRESS } from './protocol/wire.ts'
import { attemptDelivery } from './routing/attempt.ts'
import { progressOfOwnHome } from './routing/reported-progress.ts'
import { createSeenMessages } from './routing/seen-messages.ts'
import type { GuestPosted, GuestPosts, MessageLimits, MessageRefusal, MessageSecret, Messages, OutboxStore, Receipt } from './types.ts'

export { parseEnd } from './format/end.ts'
export { ENVELOPE_DEFAULTS } from './format/envelope.ts'
export { REFUSALS } from './format/refusal-facts.ts'

/** Undefined when no refusal has that name. */
export function refusalReasonOf(name: unknown): MessageRefusal | undefined {
  return typeof name === 'string' && Object.hasOwn(WIRE_REFUSALS, name) ? (name as MessageRefusal) : undefined
}

/** The part of a peer's messages that a sender has. */
export interface LoneSender extends Pick<Messages, 'post' | 'entry' | 'forget' | 'onOutbox'> {
  /** Goes on with the messages that wait in the outbox, all of them at once. */
  start(): Promise<void>
  /** Waits for the writes under way. The store stays open. */
  stop(): Promise<void>
}

/** The node that takes messages, as its gateway lets it be asked by one sender. */
export interface PostingGateway extends Pick<GuestPosts, 'now' | 'findPublicKey'> {
  /** @throws signal.reason, when aborted */
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

/** The gateway takes no more from this address for now. */
const BUSY = { ...NO_PROGRESS, refusal: { reason: 'sender-rate', retryAfterMs: 0 } } as const
const UNSENT = { ...NO_PROGRESS, refusal: { reason: 'no-network', retryAfterMs: 0 } } as const

export function createLoneSender({ secret, store, gateway, limits, wall, random }: LoneSenderContext): LoneSender {
  const seenMessages = createSeenMessages()
  const findPublicKey = (end: Key, { signal = NEVER }) => gateway.findPublicKey(end, { signal }).catch(() => undefined)
  const composer = createComposer({ store, findPublicKey, limits, now: gateway.now })
  const outbox = createOutbox({ store, composer, attempt, secret, emit() {}, now: wall, random })

  async function send(envelope: Envelope, signal: AbortSignal): Promise<typeof NO_PROGRESS> {
    try {
      const { receipts, declines, ...progress } = await gateway.post(envelope.bytes, { signal })
      for (const receipt of receipts) unlessForged(() => seenMessages.takeReceipt(receipt))
      for (const decline of declines) unlessForged(() => seenMessages.takeDecline(decline))
      return progressOfOwnHome(progress, envelope)
    } catch (error) {
      return error instanceof MayflyError && error.code === 'ERR_LIMIT' ? BUSY : UNSENT
    }
  }

  function attempt(_: unknown, envelope: Envelope, { signal }: { signal: AbortSignal }) {
    const onLate = (receipt: Receipt) => void outbox.onReceipt({ ...receipt, ids: [envelope.id] }).catch(() => {})
    return attemptDelivery(
      envelope,
      (listener, reply) => {
        seenMessages.listen(seenMessages.add(envelope), listener)
        void send(envelope, signal).then(reply)
      },
      onLate,
      signal,
    )
  }

  return {
    post: (end, draft, options) => outbox.post(end, draft, options),
    entry: (id) => outbox.get(id),
    forget: (id) => outbox.forget(id),
    onOutbox: (listener) => outbox.onOutbox(listener),
    async start() {
      await outbox.start()
      outbox.kick()
    },
    stop: () => outbox.stop(),
  }
}

const NEVER = new AbortController().signal

/** A statement that no receiver of the message signed counts for nothing. */
function unlessForged(take: () => unknown): void {
  try {
    take()
  } catch {}
}
