/**
 * Router of a node: brings messages to the record nodes of their end, from them to the homes of its receivers, and there to the taps. Every
 * envelope that comes here was checked. Inbound streams are message-server.ts's, outbound ones request-streams.ts's.
 */

import type { PeerId } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { timeoutSignal } from '../../async/abort.ts'
import { createSemaphore } from '../../async/semaphore.ts'
import type { Envelope } from '../format/envelope.ts'
import { isTapProofTimely, isTapProved } from '../format/proof.ts'
import type { RequestStreams } from '../protocol/request-streams.ts'
import { type DeliveryProgress, type FrameOf, NO_PROGRESS } from '../protocol/wire.ts'
import type { Receipt } from '../types.ts'
import { createDelivery, type Delivery, type Reply } from './delivery.ts'
import { createDeliveryRounds } from './delivery-rounds.ts'
import { createNodeRequests, type RouterPresence, searchHomes } from './node-requests.ts'
import type { OwnRouteContext } from './own-route.ts'
import { createPublicKeys } from './public-keys.ts'
import { createRecordNodes } from './record-nodes.ts'
import type { SeenMessage } from './seen-messages.ts'
import { createStoredMessages } from './stored-messages.ts'
import { deliverHere, type Subscription } from './subscriptions.ts'

/**
 * How long a record node waits for the homes that it asked, a router for the record nodes, and for all that it asked, in ms. Each is longer
 * than the one before: when one peer is silent, the answers of the others must not be lost.
 */
const RECORD_MS = 1_000
const RECORDS_MS = 1_500
const ROUTE_MS = 2_000
/** Searches in the whole network at once, for receivers that the record nodes do not know: each may ask 64 servers. */
const MAX_SEARCHES = 8
const SWEEP_MS = 5_000

export type Router = ReturnType<typeof createRouter>

export function createRouter(
  self: PeerId,
  streams: RequestStreams,
  context: Pick<OwnRouteContext, 'servers' | 'subscriptions' | 'seenMessages' | 'limits' | 'clock'> & {
    presence: RouterPresence
  },
) {
  const { servers, presence, subscriptions, seenMessages, limits, clock } = context
  const { now } = clock
  const selfId = self.toString()
  const recordNodes = createRecordNodes(servers, streams, seenMessages, now, presence.elsewhere)
  const requests = createNodeRequests(streams)
  const publicKeys = createPublicKeys(self, presence, recordNodes, requests)
  const stored = createStoredMessages(limits, (end) => publicKeys.get(end) !== undefined, now, clock.monotonic)
  const rounds = createDeliveryRounds(stored, (envelope, home, onAnswer) => {
    seenMessages.add(envelope)
    requests.copy(home, envelope, 0, onAnswer)
  })
  const searches = createSemaphore(MAX_SEARCHES)
  let ended = new AbortController()
  let removeListeners = () => {}
  let sweeper: ReturnType<typeof setInterval> | undefined

  const deliver = (envelope: Envelope, seen: SeenMessage) => deliverHere(envelope, seen, subscriptions, clock.monotonic())

  function keep(envelope: Envelope, seen: SeenMessage): DeliveryProgress {
    if (seen.receipts.length > 0) return NO_PROGRESS
    const reason = stored.keep(envelope)
    return reason === undefined
      ? { ...NO_PROGRESS, nodes: 1, untilMs: envelope.expiresAtMs }
      : { ...NO_PROGRESS, refusal: { reason, retryAfterMs: ROUTE_MS } }
  }

  /** @param others the end's other record nodes, which are asked as such */
  function record(envelope: Envelope, seen: SeenMessage, rank: number, from: PeerId, reply: Reply, others: readonly PeerId[] = []): void {
    const delivery = createDelivery(reply, 'sum', RECORD_MS)
    if (envelope.isSealed) delivery.join()(keep(envelope, seen))
    for (const home of presence.homesHolding(envelope.to)) {
      if (home === selfId) {
        if (!from.equals(self)) delivery.join()(deliver(envelope, seen))
      } else if (home !== from.toString() && !others.some((node) => node.toString() === home)) {
        requests.copy(peerIdFromString(home), envelope, rank, delivery.join())
      }
    }
    delivery.complete()
  }

  async function route(envelope: Envelope, seen: SeenMessage, reply: Reply): Promise<void> {
    const place = await recordNodes.of(envelope.to)
    if (place.nodes.length === 0 && !place.isSelf)
      return reply({ ...NO_PROGRESS, refusal: { reason: 'no-network', retryAfterMs: ROUTE_MS } })
    const delivery = createDelivery((progress) => searchIfAbsent(envelope, seen, progress, reply), 'sum', ROUTE_MS)
    delivery.join()(deliver(envelope, seen))
    if (seen.delivered !== undefined && seen.delivered.keepers > 0) recordNodes.forwardReceipts(seen, place.nodes)
    const records = createDelivery(delivery.join(), 'agree', RECORDS_MS)
    if (place.isSelf) record(envelope, seen, 0, self, records.join(), place.nodes)
    for (const [index, node] of place.nodes.entries()) requests.record(node, envelope, place.isSelf ? index + 1 : index, records.join())
    records.complete()
    delivery.complete()
  }

  /** Record nodes may lie, or not know the receivers: before the answer is "nobody", homes are searched for. */
  function searchIfAbsent(envelope: Envelope, seen: SeenMessage, progress: DeliveryProgress, reply: Reply) {
    const isAbsent = progress.keepers === 0 && (envelope.isSealed || progress.taps === 0) && seen.receipts.length === 0
    const release = isAbsent ? searches.tryAcquire() : undefined
    if (release === undefined) return reply(progress)
    const delivery = createDelivery(reply, 'sum', ROUTE_MS)
    delivery.join()(progress)
    void search(envelope, seen, delivery).finally(() => {
      release()
      delivery.complete()
    })
  }

  async function search(envelope: Envelope, seen: SeenMessage, delivery: Pick<Delivery, 'join'>): Promise<void> {
    const place = await recordNodes.of(envelope.to)
    recordNodes.forwardReceipts(seen, place.nodes)
    const asked = new Set([selfId, ...presence.homesHolding(envelope.to)])
    // A home that is a record node was asked as such, and its word on its own taps may have been outvoted: it is asked again, as a home.
    for (const node of place.nodes) asked.delete(node.toString())
    const signal = AbortSignal.any([ended.signal, timeoutSignal(ROUTE_MS)])
    for await (const home of searchHomes(presence, envelope.to, asked, signal)) requests.copy(home, envelope, 0, delivery.join())
  }

  /** A receiver subscribes here, or collects again: its record nodes are asked for stored messages, now and when they change. */
  function collectFor({ end, proof }: Subscription): void {
    if (proof === undefined || !isTapProofTimely(proof, now())) return
    publicKeys.put(end, proof.publicKey)
    recordNodes.collect(end, proof)
    for (const envelope of stored.of(end)) deliver(envelope, seenMessages.add(envelope))
  }

  /** The subscription has been removed. */
  function stopCollecting({ end }: Subscription): void {
    for (const { proof } of subscriptions.at(end)) if (proof !== undefined) return
    recordNodes.stopCollecting(end)
  }

  return {
    stored,
    publicKeys,
    /** Brings a message to its end, wherever its receivers are. */
    route: (envelope: Envelope, seen: SeenMessage, reply: Reply) => void route(envelope, seen, reply),
    /** As a record node: copies a message to the homes of the end's holders, but not back to where it came from. Keeps sealed ones. */
    record,
    /** Delivers a message to the taps here. */
    deliver: (envelope: Envelope, seen: SeenMessage, reply: Reply) => reply(deliver(envelope, seen)),
    /** Takes a receipt of a receiver here or elsewhere: messages that it names are kept no longer. @see SeenMessages.takeReceipt */
    takeReceipt(given: Uint8Array | Receipt) {
      for (const { id, isSealed } of seenMessages.takeReceipt(given)) if (isSealed) stored.remove(id)
    },
    collectFor,
    stopCollecting,
    /** As a record node: the receiver is at that home now. False when its proof is wrong. */
    onCollect({ end, proof }: FrameOf<'collect'>, from: PeerId) {
      if (!isTapProved(end, proof, from.toMultihash().bytes, now())) return false
      publicKeys.put(end, proof.publicKey)
      rounds.begin(end, from)
      return true
    },
    /** True for a server of the overlay; false for a tab or a short command. */
    isServer: (peer: PeerId) => servers.has(peer) && !presence.isTab(peer.toString()),
    start() {
      ended = new AbortController()
      const ends = [servers, presence.elsewhere?.groups].map((changing) => changing?.onChange(recordNodes.refresh))
      removeListeners = () => {
        for (const end of ends) end?.()
      }
      sweeper = setInterval(() => stored.sweep(), SWEEP_MS)
    },
    stop() {
      removeListeners()
      clearInterval(sweeper)
      rounds.stop()
      ended.abort(new Error('the peer has stopped'))
    },
  }
}
