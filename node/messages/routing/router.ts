/**
 * The way of a message through a node: to the record nodes of its end, from them to the homes of those who tap it, and there to the taps.
 * Every task comes with an envelope that was checked. What comes in over streams is `session.ts`; what goes out, `channels.ts`.
 */

import type { PeerId } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { encodeKeyHex, equalBytes, positionOf, sha256AtOnce } from '../../keys/index.ts'
import type { RoutingTable } from '../../network/index.ts'
import { createNodePlacement } from '../../rendezvous/index.ts'
import type { Holder } from '../../rendezvous/types.ts'
import type { AbortOptions, Key } from '../../types.ts'
import type { Envelope } from '../format/envelope.ts'
import { readEnvelopeFields } from '../format/envelope-fields.ts'
import { passesRules } from '../format/rules.ts'
import { isTapProofTimely, isTapProved } from '../format/tap-proof.ts'
import type { RequestStreams } from '../protocol/request-streams.ts'
import { type CollectFrame, type DeliveryProgress, NO_PROGRESS, TASK } from '../protocol/wire.ts'
import { createDelivery, type Delivery, type Reply } from './delivery.ts'
import { createDeliveryRounds } from './delivery-rounds.ts'
import { createPublicKeys } from './public-keys.ts'
import { progressOfHome, progressOfRecordNode } from './reported-progress.ts'
import type { ReceiptListener, SeenMessage, SeenMessages } from './seen-messages.ts'
import type { StoredMessages } from './stored-messages.ts'
import type { Subscription, Subscriptions } from './subscriptions.ts'

/** What messages need of presence; handed in, since this folder stands beside others that need it too. */
export interface RouterPresence {
  find(key: Key, options?: AbortOptions): AsyncIterable<Holder>
  homesHolding(key: Key): string[]
}

export interface RouterContext {
  self: PeerId
  servers: RoutingTable
  presence: RouterPresence
  streams: RequestStreams
  subscriptions: Subscriptions
  seenMessages: SeenMessages
  createStoredMessages(isKnownEnd: (end: Key) => boolean): StoredMessages
  now(): number
}

export interface Router {
  readonly mail: StoredMessages
  /** Brings it to its end, wherever that is. */
  route(envelope: Envelope, seen: SeenMessage, reply: Reply): void
  /** As a record node: to the homes of those who hold the end's key, but not back to who sent it; keeps what is sealed. */
  record(envelope: Envelope, seen: SeenMessage, rank: number, from: PeerId, reply: Reply): void
  /** To the taps that are here. */
  give(envelope: Envelope, seen: SeenMessage, reply: Reply): void
  /** A receiver sits here: mail that is kept for it comes. */
  collectFor(subscription: Subscription): void
  /** As a record node: the receiver is at that home. False when it is not proved. */
  onCollect(collect: CollectFrame, from: PeerId): boolean
  /** The public key of a hashname, asked of the homes of its holders, then of its record nodes. */
  findPublicKey(end: Key, options: Required<AbortOptions>): Promise<Uint8Array | undefined>
  /** What this node itself knows of it. */
  publicKeyOf(end: Key): Uint8Array | undefined
  start(): void
  stop(): void
}

/**
 * How long a record node waits for the homes it asked, a router for the record nodes, and for all that it asked, in ms. Each longer than what is
 * in it: when one is silent, what the others said must not be lost.
 */
const RECORD_MS = 1_000
const RECORDS_MS = 1_500
const ROUTE_MS = 2_000
/** How long somebody may take to tell a public key, in ms. */
const KEY_MS = 1_500
/** A tap that stores and has sent no receipt is given the same message again no sooner than this, in ms. */
const AGAIN_MS = 2_000
/** Searches in the whole network at once, for ends that the record nodes know nobody at: each may ask 64 servers. */
const MAX_SEARCHES = 8
/** The same for public keys, which any tab may ask for, of ends that there may be none of. */
const MAX_KEY_SEARCHES = 32
/** Homes that a search asks. */
const MAX_SEARCHED_HOMES = 16
/** Ends whose record nodes are remembered while the servers stay the same. */
const MAX_PLACES = 1_024

interface Place {
  /** Record nodes but this one, nearest first. */
  nodes: PeerId[]
  isSelf: boolean
}

export function createRouter(context: RouterContext): Router {
  const { self, servers, presence, streams, subscriptions, seenMessages, now } = context
  const selfId = self.toString()
  const placement = createNodePlacement(servers)
  const publicKeys = createPublicKeys()
  const mail = context.createStoredMessages((end) => publicKeys.get(end) !== undefined)
  const rounds = createDeliveryRounds({
    mail,
    copy(envelope, home, reply) {
      seenMessages.add(envelope)
      copyTo(home, envelope, 0, reply)
    },
  })
  /** By the end's key, hex. Bounded: MAX_PLACES, and emptied when the servers change. */
  const places = new Map<string, Place>()
  /** By peer id. Bounded by the servers: emptied when they change. */
  const recordListeners = new Map<string, ReceiptListener>()
  let searches = 0
  let keySearches = 0
  let ended = new AbortController()
  let offServers = () => {}
  let sweeper: ReturnType<typeof setInterval> | undefined

  async function placeOf(end: Key): Promise<Place> {
    const id = encodeKeyHex(end)
    const known = places.get(id)
    if (known !== undefined) return known
    const position = await positionOf(end)
    const place = { nodes: placement.targets(position), isSelf: placement.keepsRecords(position) }
    places.set(id, place)
    const oldest = places.size > MAX_PLACES ? places.keys().next().value : undefined
    if (oldest !== undefined) places.delete(oldest)
    return place
  }

  function give(envelope: Envelope, seen: SeenMessage, reply: Reply): void {
    const nowMs = now()
    const { given } = seen
    const isAgain = given !== undefined && seen.receipts.length === 0 && nowMs - given.atMs >= AGAIN_MS
    let taps = 0
    let keepers = 0
    let fields: ReturnType<typeof readEnvelopeFields> | undefined
    for (const subscription of [...subscriptions.at(envelope.to)]) {
      if ((subscription.proof !== undefined) !== envelope.isSealed) continue
      if (subscription.rules.length > 0) {
        fields ??= readEnvelopeFields(envelope)
        if (fields === undefined || !passesRules(subscription.rules, fields)) continue
      }
      taps++
      if (subscription.keeps) keepers++
      if (given === undefined || subscription.since > given.tick || (isAgain && subscription.keeps)) subscription.give(envelope)
    }
    const isNewlyGiven = given === undefined || isAgain
    seen.given = { ...(isNewlyGiven ? { atMs: nowMs, tick: subscriptions.tick() } : given), taps, keepers }
    reply({ ...NO_PROGRESS, taps, keepers })
  }

  /** What a home is asked is over when it has said how many of its taps hear it; receipts come by themselves. */
  function copyTo(home: PeerId, envelope: Envelope, rank: number, reply: (progress: DeliveryProgress | undefined) => void): void {
    const { id, to: end, bytes } = envelope
    const send = (isOffer: boolean) => {
      const forget = streams.ask(
        home,
        (sequence) =>
          isOffer ? { type: 'offer', sequence, id, end } : { type: 'post', sequence, task: TASK.copy, rank: 0, envelope: bytes },
        (answer) => {
          forget()
          if (answer.type === 'want' && isOffer) send(false)
          else reply(answer.type === 'taken' ? progressOfHome(answer) : undefined)
        },
      )
    }
    send(rank > 0)
  }

  function keep(envelope: Envelope, seen: SeenMessage, reply: Reply): void {
    const reason = seen.receipts.length > 0 ? 'stored' : mail.keep(envelope)
    if (reason === undefined) reply({ ...NO_PROGRESS, nodes: 1, untilMs: envelope.expiresAtMs })
    else reply(reason === 'stored' ? NO_PROGRESS : { ...NO_PROGRESS, refusal: { reason, retryAfterMs: ROUTE_MS } })
  }

  function record(envelope: Envelope, seen: SeenMessage, rank: number, from: PeerId, reply: Reply, told: readonly PeerId[] = []): void {
    const delivery = createDelivery(reply, 'sum', RECORD_MS)
    if (envelope.isSealed) keep(envelope, seen, delivery.join())
    for (const home of presence.homesHolding(envelope.to)) {
      if (home === selfId) {
        if (!from.equals(self)) give(envelope, seen, delivery.join())
      } else if (home !== from.toString() && !told.some((node) => node.toString() === home)) {
        copyTo(peerIdFromString(home), envelope, rank, delivery.join())
      }
    }
    delivery.complete()
  }

  function askRecordNode(node: PeerId, envelope: Envelope, rank: number, reply: (progress: DeliveryProgress | undefined) => void): void {
    const forget = streams.ask(
      node,
      (sequence) => ({ type: 'post', sequence, task: TASK.record, rank, envelope: envelope.bytes }),
      (answer) => {
        forget()
        reply(answer.type === 'taken' ? progressOfRecordNode(answer, envelope) : undefined)
      },
    )
  }

  async function route(envelope: Envelope, seen: SeenMessage, reply: Reply): Promise<void> {
    const place = await placeOf(envelope.to)
    if (place.nodes.length === 0 && !place.isSelf)
      return reply({ ...NO_PROGRESS, refusal: { reason: 'no-network', retryAfterMs: ROUTE_MS } })
    const first: Reply = (progress) => {
      // The record nodes may lie, or not know: homes are asked for by a search before the answer is "nobody".
      const isAbsent = progress.keepers === 0 && (envelope.isSealed || progress.taps === 0)
      if (!isAbsent || seen.receipts.length > 0 || searches >= MAX_SEARCHES) return reply(progress)
      searches++
      const more = createDelivery(reply, 'sum', ROUTE_MS)
      more.join()(progress)
      void search(envelope, seen, more).finally(() => {
        searches--
        more.complete()
      })
    }
    const delivery = createDelivery(first, 'sum', ROUTE_MS)
    give(envelope, seen, delivery.join())
    if (seen.given !== undefined && seen.given.keepers > 0) tellRecordNodes(envelope, seen, place)
    const records = createDelivery(delivery.join(), 'agree', RECORDS_MS)
    if (place.isSelf) record(envelope, seen, 0, self, records.join(), place.nodes)
    for (const [index, node] of place.nodes.entries()) askRecordNode(node, envelope, place.isSelf ? index + 1 : index, records.join())
    records.complete()
    delivery.complete()
  }

  /** Who asks no home where it is received would keep it until it expires: what became of it comes from here. */
  function tellRecordNodes({ isSealed }: Envelope, seen: SeenMessage, { nodes }: Place): void {
    for (const node of isSealed ? nodes : []) seenMessages.ask(seen, recordListenerOf(node))
  }

  /** One for all messages: a receipt for many of them is told once. */
  function recordListenerOf(node: PeerId): ReceiptListener {
    const id = node.toString()
    const known = recordListeners.get(id)
    if (known !== undefined) return known
    const listener: ReceiptListener = {
      isOpen: true,
      onReceipt: ({ bytes }) => streams.tell(node, { type: 'receipt', receipt: bytes }),
      onDecline: () => {},
    }
    recordListeners.set(id, listener)
    return listener
  }

  async function search(envelope: Envelope, seen: SeenMessage, delivery: Pick<Delivery, 'join'>): Promise<void> {
    const place = await placeOf(envelope.to)
    tellRecordNodes(envelope, seen, place)
    const asked = new Set([selfId, ...presence.homesHolding(envelope.to)])
    // A home that is a record node was not copied to from here, and what it said of its own taps may have been outvoted: it is asked as a home.
    for (const node of place.nodes) asked.delete(node.toString())
    const signal = AbortSignal.any([ended.signal, AbortSignal.timeout(ROUTE_MS)])
    try {
      for await (const { home, signed } of presence.find(envelope.to, { signal })) {
        if (asked.size > MAX_SEARCHED_HOMES) return
        if (!signed || asked.has(home)) continue
        asked.add(home)
        copyTo(peerIdFromString(home), envelope, 0, delivery.join())
      }
    } catch {
      // Whoever was found was asked; the outbox comes again.
    }
  }

  async function collectFor({ end, proof }: Subscription): Promise<void> {
    if (proof === undefined || !isTapProofTimely(proof, now())) return
    publicKeys.put(end, proof.publicKey)
    const { nodes } = await placeOf(end)
    for (const node of nodes) streams.tell(node, { type: 'collect', end, proof })
    for (const envelope of mail.of(end)) give(envelope, seenMessages.add(envelope), SILENT)
  }

  async function askKey(of: PeerId, end: Key, signal: AbortSignal): Promise<Uint8Array | undefined> {
    return new Promise((resolve) => {
      const done = (publicKey?: Uint8Array) => {
        forget()
        signal.removeEventListener('abort', onAbort)
        // Whoever tells it, it is the right one or it is not.
        resolve(publicKey !== undefined && equalBytes(sha256AtOnce(publicKey), end) ? publicKey : undefined)
      }
      const onAbort = () => done()
      const forget = streams.ask(
        of,
        (sequence) => ({ type: 'ask-key', sequence, end, isForTab: false }),
        (answer) => done(answer.type === 'key' ? answer.publicKey : undefined),
      )
      if (signal.aborted) return done()
      signal.addEventListener('abort', onAbort, { once: true })
    })
  }

  /** Record nodes may be other ones now: those that are new to a receiver are told of it. */
  function onServers(): void {
    places.clear()
    recordListeners.clear()
    for (const subscription of subscriptions.all()) void collectFor(subscription)
  }

  return {
    mail,
    route: (envelope, seen, reply) => void route(envelope, seen, reply),
    record,
    give,
    collectFor: (subscription) => void collectFor(subscription),
    onCollect({ end, proof }, from) {
      if (!isTapProved(end, proof, from.toMultihash().bytes, now())) return false
      publicKeys.put(end, proof.publicKey)
      rounds.begin(end, from)
      return true
    },
    publicKeyOf: (end) => publicKeys.get(end),
    async findPublicKey(end, { signal }) {
      const known = publicKeys.get(end)
      if (known !== undefined) return known
      const limited = AbortSignal.any([signal, AbortSignal.timeout(KEY_MS)])
      const { nodes } = await placeOf(end)
      const fromRecords = (await Promise.all(nodes.map((node) => askKey(node, end, limited)))).find((key) => key !== undefined)
      const publicKey = fromRecords ?? (await findAtHomes(end, limited))
      signal.throwIfAborted()
      if (publicKey !== undefined) publicKeys.put(end, publicKey)
      return publicKey
    },
    start() {
      ended = new AbortController()
      offServers = servers.onChange(onServers)
      sweeper = setInterval(() => mail.sweep(), SWEEP_MS)
    },
    stop() {
      offServers()
      clearInterval(sweeper)
      rounds.stop()
      ended.abort(new Error('the peer has stopped'))
    },
  }

  async function findAtHomes(end: Key, signal: AbortSignal): Promise<Uint8Array | undefined> {
    if (keySearches >= MAX_KEY_SEARCHES) return undefined
    keySearches++
    const asked = new Set([selfId])
    try {
      for await (const { home, signed } of presence.find(end, { signal })) {
        if (asked.size > MAX_SEARCHED_HOMES) return undefined
        if (!signed || asked.has(home)) continue
        asked.add(home)
        const publicKey = await askKey(peerIdFromString(home), end, signal)
        if (publicKey !== undefined) return publicKey
      }
    } catch {
      // Nobody told it in time.
    } finally {
      keySearches--
    }
    return undefined
  }
}

const SWEEP_MS = 5_000
/** For what nobody waits to hear of. */
const SILENT: Reply = () => {}
