/** Messages for one peer, node or tab: puts together what sends, what routes and what receives. */

import type { Connection, Libp2p, PeerId, PrivateKey, Stream } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import { MayflyError } from '../errors.ts'
import { encodeKeyHex, equalBytes, sha256AtOnce } from '../keys/index.ts'
import { inTime, type RoutingTable } from '../network/index.ts'
import type { Hold } from '../rendezvous/types.ts'
import type { Key, RefusedEvent } from '../types.ts'
import { createFairQueue } from './admission/fair-queue.ts'
import { createPeerAdmission } from './admission/peer-admission.ts'
import { createSenderRate } from './admission/sender-rate.ts'
import { signDecline } from './format/decline.ts'
import { type End, parseEnd } from './format/end.ts'
import { decodeEnvelope, type Envelope, isEnvelopeSigned, refuseTimes } from './format/envelope.ts'
import { REFUSALS } from './format/refusals.ts'
import { checkRules } from './format/rules.ts'
import { hashnameOf, publicKeyOf } from './format/signing.ts'
import { signTapProof, TAP_PROOF_MS } from './format/tap-proof.ts'
import { createOutbox } from './outbox/outbox.ts'
import { createRequestStreams } from './protocol/request-streams.ts'
import { type DeliveryProgress, MESSAGE_PROTOCOL, NO_PROGRESS, TASK } from './protocol/wire.ts'
import { attemptDelivery } from './routing/attempt.ts'
import type { Reply } from './routing/delivery.ts'
import { createHomeTaps } from './routing/home-taps.ts'
import { createKeyLookups } from './routing/key-lookups.ts'
import { type MessageSession, serveMessages } from './routing/message-server.ts'
import { createOwnTap, type OwnTap, refuseForeignHashname } from './routing/own-tap.ts'
import { progressOfOwnHome } from './routing/reported-progress.ts'
import { createRouter, type RouterPresence } from './routing/router.ts'
import { createSeenMessages, type ReceiptListener } from './routing/seen-messages.ts'
import { createStoredMessages } from './routing/stored-messages.ts'
import { createSubscriptions, type Subscription } from './routing/subscriptions.ts'
import type {
  MessageEvent,
  MessageLimits,
  MessageSecret,
  Messages,
  OutboxStore,
  PostOutcome,
  Receipt,
  Tap,
  TapOptions,
  TapRule,
} from './types.ts'

export interface MessagesContext {
  libp2p: Libp2p
  role: 'node' | 'tab'
  servers: RoutingTable
  presence: RouterPresence & {
    hold(key: Key): Hold
    isTab(peer: string): boolean
    addressesOf(peer: string): Multiaddr[]
    readonly home: PeerId | undefined
  }
  limits: MessageLimits
  /** Who this peer's messages are from. */
  secret: MessageSecret
  outboxStore: OutboxStore
  /** Holds what is too large for a message, and tells the link to it. */
  holdLarge(body: Uint8Array, isSealed: boolean, type: string): Promise<string>
  emit(event: MessageEvent | RefusedEvent): void
  now(): number
  random(): number
}

export interface MessagesService extends Messages {
  readonly counts: { taps: number; mail: number; mailBytes: number; messages: number; messagesRefused: number }
  /** This peer has joined, or a tab has another home. */
  onJoined(): void
  start(): Promise<void>
  stop(): Promise<void>
}

/** Streams on which one peer may ask at once: one is enough, and a reconnecting peer may have two. */
const MAX_STREAMS = 4
/** How long a tap waits for somebody to keep the record, in ms. */
const MAX_ANNOUNCE_MS = 2_000
/** How long a home may take to tell a public key, in ms. */
const KEY_MS = 4_000

export interface MessagesOptions {
  /** Mail that a receiver could not take for a while is collected again after this long, in ms, more than 2 s: its sender may be gone. */
  collectAgainMs?: number
}

export const MESSAGES_DEFAULTS: Readonly<Required<MessagesOptions>> = {
  collectAgainMs: 15_000, // a disk that is full, a sender over its rate: neither ends in a second
}

export function createMessages(context: MessagesContext, options: MessagesOptions = {}): MessagesService {
  const { collectAgainMs } = { ...MESSAGES_DEFAULTS, ...options }
  const { libp2p, role, presence, limits, emit, now } = context
  const isNode = role === 'node'
  const self = libp2p.peerId
  const ownHashname = hashnameOf(publicKeyOf(context.secret))
  const subscriptions = createSubscriptions()
  const seenMessages = createSeenMessages()
  const sessions = new Set<MessageSession>()
  /** Of this peer. Bounded: maxTapsPerPeer. */
  const ownTaps = new Map<OwnTap, { subscription: Subscription; secret: MessageSecret }>()
  let tabTaps = 0
  let passed = 0
  let refused = 0
  let started = false
  let retell: ReturnType<typeof setInterval> | undefined
  let collecting: ReturnType<typeof setTimeout> | undefined

  const streams = createRequestStreams({
    libp2p,
    monotonic: () => performance.now(),
    addressesOf: (peer) => presence.addressesOf(peer),
    onPush(from, push) {
      try {
        if (push.type === 'receipt') takeReceipt(push.receipt)
        else if (push.type === 'decline') seenMessages.takeDecline(push.decline)
        else if (homeTaps !== undefined) onDeliver(push.envelope)
        return true
      } catch {
        emit({ type: 'refused', peer: from.toString(), reason: `sent a ${push.type} that is not one` })
        return false
      }
    },
    onEnd: (peer) => homeTaps?.onChannelEnd(peer),
  })
  const router = isNode
    ? createRouter({
        self,
        servers: context.servers,
        presence,
        streams,
        subscriptions,
        seenMessages,
        createStoredMessages: (isKnownEnd) => createStoredMessages(limits, isKnownEnd, now),
        now,
      })
    : undefined
  const homeTaps = isNode ? undefined : createHomeTaps({ subscriptions, streams, home: () => presence.home, prove })
  const queue = createFairQueue(() => performance.now())
  const admission = createPeerAdmission(() => performance.now())
  const rate = { burst: limits.messageBurst, perSecond: limits.messagesPerSecond }
  const senderRate = createSenderRate(rate, now)
  const peerRate = createSenderRate(rate, now)
  const forgeries = new WeakMap<Connection, number>()

  function prove(secret: MessageSecret, home: PeerId) {
    return signTapProof(secret, home.toMultihash().bytes, now())
  }

  /** A receipt, of a receiver here or from elsewhere: mail that it names is kept no longer. */
  function takeReceipt(given: Uint8Array | Receipt): void {
    for (const { id, isSealed } of seenMessages.takeReceipt(given)) if (isSealed) router?.mail.remove(id)
  }

  /** A tab believes its home no more than anybody else. */
  function onDeliver(bytes: Uint8Array): void {
    const envelope = decodeEnvelope(bytes)
    if (refuseTimes(envelope, now()) !== undefined) return
    if (seenMessages.checked(envelope) === undefined && !isEnvelopeSigned(envelope))
      throw new MayflyError('ERR_BAD_FRAME', 'Not signed by its sender')
    seenMessages.add(envelope)
    for (const subscription of subscriptions.at(envelope.to)) homeTaps?.give(subscription, envelope)
  }

  function send(envelope: Envelope, listener: ReceiptListener, reply: Reply): void {
    const seen = seenMessages.add(envelope)
    seenMessages.ask(seen, listener)
    if (router === undefined) sendThroughHome(envelope, reply)
    else {
      passed++
      router.route(envelope, seen, reply)
    }
  }

  function sendThroughHome(envelope: Envelope, reply: Reply): void {
    const unsent: DeliveryProgress = { ...NO_PROGRESS, refusal: { reason: 'no-network', retryAfterMs: 0 } }
    const { home } = presence
    if (home === undefined) {
      reply(unsent)
      return
    }
    const forget = streams.ask(
      home,
      (sequence) => ({ type: 'post', sequence, task: TASK.route, rank: 0, envelope: envelope.bytes }),
      (answer) => {
        forget()
        reply(answer.type === 'taken' ? progressOfOwnHome(answer, envelope) : unsent)
      },
    )
  }

  const keyLookups = createKeyLookups(async (end) => {
    const own = [...subscriptions.at(end)].find(({ proof }) => proof !== undefined)?.proof?.publicKey
    const signal = AbortSignal.timeout(KEY_MS)
    if (own !== undefined || router !== undefined) return own ?? router?.findPublicKey(end, { signal })
    const { home } = presence
    if (home === undefined) return undefined
    const publicKey = await new Promise<Uint8Array | undefined>((resolve) => {
      const done = (found?: Uint8Array) => {
        forget()
        resolve(found)
      }
      const forget = streams.ask(
        home,
        (sequence) => ({ type: 'ask-key', sequence, end, isForTab: true }),
        (answer) => done(answer.type === 'key' ? answer.publicKey : undefined),
      )
      signal.addEventListener('abort', () => done(), { once: true })
    })
    return publicKey !== undefined && equalBytes(sha256AtOnce(publicKey), end) ? publicKey : undefined
  })

  const attempt = (_end: End, envelope: Envelope, { signal }: { signal: AbortSignal }): Promise<PostOutcome> =>
    attemptDelivery(envelope, (listener, reply) => send(envelope, listener, reply), {
      signal,
      onLate: lateReceipts(envelope.id),
    })

  /** Keeps nothing of the message but its id. */
  function lateReceipts(id: Key): (receipt: Receipt) => void {
    return (receipt) => void outbox.onReceipt({ ...receipt, ids: [id] }).catch(() => {})
  }

  const outbox = createOutbox({
    store: context.outboxStore,
    attempt,
    findPublicKey: (end, options) => keyLookups.find(end, options),
    secret: context.secret,
    holdLarge: context.holdLarge,
    limits,
    emit,
    now,
    random: context.random,
  })

  function onStream(stream: Stream, connection: Connection): void {
    if (router === undefined) return
    const session = serveMessages(stream, connection, {
      self: self.toMultihash().bytes,
      router,
      subscriptions,
      seenMessages,
      queue,
      admission,
      senderRate,
      peerRate,
      forgeries,
      isServer: () => context.servers.has(connection.remotePeer) && !presence.isTab(connection.remotePeer.toString()),
      limits,
      now,
      mayTap: () => tabTaps < limits.maxTaps,
      onTaps: (change) => {
        tabTaps += change
      },
      onReceipt: (bytes) => takeReceipt(bytes),
      onPassed: (reason) => {
        if (reason === undefined) passed++
        else refused++
      },
      onRefused: (peer, reason) => emit({ type: 'refused', peer, reason }),
      onEnd: () => sessions.delete(session),
    })
    sessions.add(session)
  }

  function mustBeStarted(): void {
    if (!started) throw new MayflyError('ERR_NOT_STARTED', 'The peer is not running')
  }

  function tap(text: string, options: TapOptions = {}): Tap {
    mustBeStarted()
    const { keep, signal, secret = context.secret } = options
    const end = parseEnd(text)
    const rules = checkRules(options.rules ?? [])
    refuseForeignHashname(end, hashnameOf(publicKeyOf(secret)))
    if (ownTaps.size >= limits.maxTapsPerPeer)
      throw new MayflyError('ERR_LIMIT', `Cannot tap another end: this peer taps the limit of ${limits.maxTapsPerPeer}`)
    signal?.throwIfAborted()

    const hold = presence.hold(end.key)
    let told: Promise<void> = Promise.resolve()
    const ownTap = createOwnTap({
      end,
      secret,
      keep,
      ready: () => Promise.all([inTime(hold.announced, MAX_ANNOUNCE_MS), told]).then(() => {}),
      onReceipt: (receipt) => {
        takeReceipt(receipt)
        homeTaps?.tell({ type: 'receipt', receipt: receipt.bytes })
      },
      onDeclined(id, reason) {
        const { bytes } = signDecline(secret, id, reason, now())
        seenMessages.takeDecline(bytes)
        homeTaps?.tell({ type: 'decline', decline: bytes })
        if (!REFUSALS[reason].isFinal) collecting ??= setTimeout(collectAgain, collectAgainMs)
      },
      onMessage: ({ id, from }) => emit({ type: 'message', id: encodeKeyHex(id), end: end.text, from: hashnameOf(from) }),
      async onClosed() {
        signal?.removeEventListener('abort', onAbort)
        ownTaps.delete(ownTap)
        subscriptions.remove(subscription)
        homeTaps?.remove(subscription)
        await hold.release()
      },
      now,
    })
    const onAbort = () => void ownTap.close()
    signal?.addEventListener('abort', onAbort, { once: true })
    const subscription = createSubscription(end, rules, keep !== undefined, secret, ownTap)
    ownTaps.set(ownTap, { subscription, secret })
    subscriptions.add(subscription)
    if (homeTaps === undefined) router?.collectFor(subscription)
    else {
      told = homeTaps.add(subscription, secret)
      told.catch(() => {}) // most do not wait for it
    }
    return ownTap
  }

  function collectAgain(): void {
    collecting = undefined
    proveAgain()
  }

  /** Before the proofs of this peer's taps are too old for record nodes that come later. */
  function proveAgain(): void {
    homeTaps?.onHome()
    if (router === undefined) return
    for (const { subscription, secret } of ownTaps.values()) {
      if (subscription.proof !== undefined) subscription.proof = prove(secret, self)
      router.collectFor(subscription)
    }
  }

  function createSubscription(end: End, rules: readonly TapRule[], keeps: boolean, secret: MessageSecret, ownTap: OwnTap): Subscription {
    const proof = end.kind === 'hashname' ? prove(secret, self) : undefined
    return { end: end.key, rules, keeps, proof, since: subscriptions.tick(), give: (envelope) => ownTap.give(envelope) }
  }

  return {
    hashname: ownHashname,
    get counts() {
      return {
        taps: ownTaps.size + tabTaps,
        mail: router?.mail.size ?? 0,
        mailBytes: router?.mail.bytes ?? 0,
        messages: passed,
        messagesRefused: refused,
      }
    },
    async post(end, draft, options) {
      mustBeStarted()
      return outbox.post(end, draft, options)
    },
    tap,
    outbox: (limit) => outbox.list(limit),
    forget: (id) => outbox.forget(id),
    onOutbox: (listener) => outbox.onOutbox(listener),
    onJoined() {
      homeTaps?.onHome()
      outbox.kick()
    },
    async start() {
      if (started) return
      started = true
      router?.start()
      if (isNode) await libp2p.handle(MESSAGE_PROTOCOL, onStream, { maxInboundStreams: MAX_STREAMS, maxOutboundStreams: MAX_STREAMS })
      retell = setInterval(proveAgain, TAP_PROOF_MS / 4)
      await outbox.start()
    },
    async stop() {
      if (!started) return
      started = false
      clearInterval(retell)
      clearTimeout(collecting)
      await outbox.stop()
      await Promise.all([...ownTaps.keys()].map((own) => own.close()))
      homeTaps?.stop()
      router?.stop()
      streams.stop()
      if (isNode) await libp2p.unhandle(MESSAGE_PROTOCOL)
      for (const session of sessions) session.close()
    },
  }
}

/** The secret of messages is the peer's own key, unless it is given another. */
export function messageSecretOf(privateKey: PrivateKey): MessageSecret {
  return privateKey.raw.slice(0, 32)
}
