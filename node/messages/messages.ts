/** Messages of one peer, node or tab: puts together the outbox, the route of its messages, and its taps. */

import type { Libp2p, PrivateKey } from '@libp2p/interface'
import { timeoutSignal } from '../async/abort.ts'
import { createSingleFlight } from '../async/single-flight.ts'
import { MayflyError } from '../errors.ts'
import { encodeKeyHex, KEY_BYTES } from '../keys/index.ts'
import { hashnameOf, publicKeyOf } from '../keys/signing.ts'
import type { Clock, RoutingTable } from '../network/index.ts'
import type { Hold } from '../rendezvous/types.ts'
import type { AbortOptions, Key, RefusedEvent } from '../types.ts'
import { parseEnd } from './format/end.ts'
import type { Envelope } from './format/envelope.ts'
import { createComposer } from './outbox/composer.ts'
import { createOutbox } from './outbox/outbox.ts'
import { attemptDelivery } from './routing/attempt.ts'
import { createHomeRoute } from './routing/home-route.ts'
import type { createNodeRoute } from './routing/node-route.ts'
import type { OwnRouteContext } from './routing/own-route.ts'
import { createOwnTaps } from './routing/own-taps.ts'
import { createSeenMessages } from './routing/seen-messages.ts'
import { createSubscriptions } from './routing/subscriptions.ts'
import type { MessageEvent, MessageLimits, MessageSecret, Messages, OutboxStore, PostOutcome, Receipt } from './types.ts'

interface MessagesContext {
  libp2p: Libp2p
  /** A node's route; a tab's messages go through its home when it is left out. */
  createNodeRoute?: typeof createNodeRoute | undefined
  servers: RoutingTable
  presence: OwnRouteContext['presence'] & { hold(key: Key): Hold }
  limits: MessageLimits
  /** The sender that this peer is. */
  sender: {
    secret: MessageSecret
    outboxStore: OutboxStore
    /** Holds a body that is too large for a message; such a body is refused when it is left out. @returns its link */
    holdLarge?: ((body: Uint8Array, isSealed: boolean, type: string) => Promise<string>) | undefined
  }
  emit(event: MessageEvent | RefusedEvent): void
  clock: MessagesClock
}

/** The network's time for what others read, this machine's clock for what other processes on it read, the monotonic one for waits. */
export type MessagesClock = Pick<Clock, 'now' | 'wall' | 'monotonic' | 'isDoubtful' | 'isOff' | 'remainingMs' | 'onStep' | 'onOwnStep'> & {
  random(): number
}

export interface MessagesService extends Messages {
  readonly counts: { taps: number; mail: number; mailBytes: number; messages: number; messagesRefused: number }
  /** This peer has joined, or a tab has another home. */
  onJoined(): void
  start(): Promise<void>
  stop(): Promise<void>
}

/** How long others may take to tell a public key, in ms. */
const KEY_MS = 4_000

export const MESSAGES_DEFAULTS = {
  /**
   * Wait before messages are collected again that a receiver could not take for a while, in ms, more than 2 s: their senders may be gone.
   */
  collectAgainMs: 15_000, // a disk that is full, a sender over its rate: neither ends in a second
}

export type MessagesOptions = Partial<typeof MESSAGES_DEFAULTS>

export function createMessages(context: MessagesContext, options: MessagesOptions = {}): MessagesService {
  const { collectAgainMs } = { ...MESSAGES_DEFAULTS, ...options }
  const { libp2p, presence, limits, emit } = context
  const { secret, outboxStore: store, holdLarge } = context.sender
  const { clock } = context
  const { now, random } = clock
  const subscriptions = createSubscriptions()
  const seenMessages = createSeenMessages()
  const route = (context.createNodeRoute ?? createHomeRoute)({
    libp2p,
    servers: context.servers,
    presence,
    subscriptions,
    seenMessages,
    limits,
    clock,
    onRefused: (peer, reason) => emit({ type: 'refused', peer, reason }),
  })
  const self = libp2p.peerId.toMultihash().bytes
  const hold = (key: Key) => presence.hold(key)
  const taps = createOwnTaps({ self, secret, hold, subscriptions, route, emit, now }, limits.maxTapsPerPeer, collectAgainMs)
  /** By the end's key, hex: many posts to one receiver ask once. */
  const keyLookups = createSingleFlight<string, Uint8Array | undefined>()
  const { rows } = route
  const composer = createComposer({ store, findPublicKey, opensRows: rows?.opens, holdLarge, limits, now })
  const outbox = createOutbox({ store, composer, attempt, secret, emit, now: clock.wall, remainingMs: clock.remainingMs, random })
  let isStarted = false
  let removeListeners: (() => void)[] = []

  /** A receiver at this peer is asked first, and nobody else then. */
  function findPublicKey(end: Key, options: AbortOptions): Promise<Uint8Array | undefined> {
    const lookUp = async (signal: AbortSignal) => {
      for (const { proof } of subscriptions.at(end)) if (proof !== undefined) return proof.publicKey
      return route.findPublicKey(end, AbortSignal.any([signal, timeoutSignal(KEY_MS)]))
    }
    return keyLookups.run(encodeKeyHex(end), lookUp, options)
  }

  function attempt(_: unknown, envelope: Envelope, { signal }: Required<AbortOptions>): Promise<PostOutcome> {
    return attemptDelivery(
      envelope,
      (listener, reply) => {
        const seen = seenMessages.add(envelope)
        seenMessages.listen(seen, rows?.besides(envelope, listener) ?? listener)
        route.send(envelope, seen, reply)
      },
      lateReceipts(envelope.id),
      signal,
    )
  }

  /** A function of its own, so that it keeps nothing of the message but its id. */
  function lateReceipts(id: Key): (receipt: Receipt) => void {
    return (receipt) => void outbox.onReceipt({ ...receipt, ids: [id] }).catch(() => {})
  }

  function checkStarted(): void {
    if (!isStarted) throw new MayflyError('ERR_NOT_STARTED', 'The peer is not running')
  }

  return {
    hashname: hashnameOf(publicKeyOf(secret)),
    get counts() {
      const { tabTaps, ...counts } = route.counts
      return { taps: taps.size + tabTaps, ...counts }
    },
    async post(end, draft, postOptions) {
      checkStarted()
      parseEnd(end) // wrong by itself, whatever the clock
      // Signed by that clock it would be refused as long as it lives, also once the clock was set.
      if (clock.isOff()) return { id: new Uint8Array(KEY_BYTES), outcome: { state: 'refused', reason: 'clock' } }
      return outbox.post(end, draft, postOptions)
    },
    tap(end, tapOptions) {
      checkStarted()
      return taps.tap(end, tapOptions)
    },
    outbox: (limit) => outbox.list(limit),
    entry: (id) => outbox.get(id),
    forget: (id) => outbox.forget(id),
    onOutbox: (listener) => outbox.onOutbox(listener),
    guests: route.guests,
    onJoined() {
      route.onJoined()
      outbox.kick()
    },
    async start() {
      if (isStarted) return
      isStarted = true
      // Entries that are due by a clock that was set back since would wait until it has caught up.
      removeListeners = [clock.onOwnStep(() => outbox.kick()), clock.onStep(() => route.renewTaps())]
      await route.start()
      taps.start()
      await outbox.start()
    },
    async stop() {
      if (!isStarted) return
      isStarted = false
      for (const remove of removeListeners) remove()
      await outbox.stop()
      await taps.stop()
      await route.stop()
    },
  }
}

/** The secret of messages, when none is given: the peer's own key. */
export function messageSecretOf(privateKey: PrivateKey): MessageSecret {
  return privateKey.raw.slice(0, 32)
}
