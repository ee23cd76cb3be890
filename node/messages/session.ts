/**
 * The answering end of a message stream: a node to its tab, a home or a record node to a node. Checks what comes, in fair turns, and hands
 * it to the router; keeps the taps of a tab for as long as its stream lasts.
 */

import type { Connection, Stream } from '@libp2p/interface'
import { encodeKeyHex } from '../keys/index.ts'
import { createFrameStream } from '../network/index.ts'
import type { MessageRefusal, PeerLimits, Receipt } from '../types.ts'
import { NOTHING, type Progress, type Reply } from './delivery.ts'
import { decodeEnvelope, type Envelope, isEnvelopeSigned, refuseTimes } from './envelope.ts'
import type { FairQueue } from './fair-queue.ts'
import type { Asker, Passage, Passages } from './passages.ts'
import type { Router } from './router.ts'
import type { Seat, Seats } from './seats.ts'
import type { SenderRate } from './sender-rate.ts'
import { isTapProved } from './tap-proof.ts'
import {
  type AskKey,
  type Collect,
  type Decline,
  decodeMessageFrame,
  encodeMessageFrame,
  MAX_MESSAGE_FRAME_BYTES,
  type MessageFrame,
  type Offer,
  type Post,
  TASK,
  type TapFrame,
} from './wire.ts'

export interface SessionContext {
  /** This node's peer id, as a multihash: whom taps are proved to. */
  self: Uint8Array
  router: Router
  seats: Seats
  passages: Passages
  queue: FairQueue
  /** What each sender may send through here, by public key, hex. */
  senderRate: SenderRate
  /** The same for each peer that is no server of the overlay, by peer id: before any signature is checked. */
  peerRate: SenderRate
  isServer(): boolean
  limits: PeerLimits
  now(): number
  /** False when the tabs of this node have as many taps as they may. */
  mayTap(): boolean
  onTaps(change: number): void
  onReceipt(bytes: Uint8Array): void
  /** A message was passed on, or not. */
  onPassed(refused: MessageRefusal | undefined): void
  onRefused(peer: string, reason: string): void
  onEnd(): void
}

/** What a slow tab may leave unsent before it is cut off, in bytes. */
const MAX_UNSENT_BYTES = 8 * 1_048_576
/** Messages, receipts or proofs that are not what they say, before the connection is ended: an honest peer has none. */
const MAX_FORGED = 8
/** How long an offered message may be on its way from another record node, in ms. */
const OFFER_MS = 40
/** Who has too much waiting here should wait for so long, in ms. */
const BUSY_MS = 1_000
/** What of a frame that waits is not its envelope, about, in bytes. */
const WAITING_BYTES = 256

export interface MessageSession {
  close(): void
}

export function serveMessages(stream: Stream, connection: Connection, context: SessionContext): MessageSession {
  const { router, seats, passages, queue, limits, now } = context
  const peer = connection.remotePeer.toString()
  /** By the end's key, hex. Bounded: maxTapsPerPeer. */
  const taps = new Map<string, Seat>()
  const source = {}
  let forged = 0
  let keysAsked = 0

  const frames = createFrameStream(stream, {
    maxFrameBytes: MAX_MESSAGE_FRAME_BYTES,
    maxUnsentBytes: MAX_UNSENT_BYTES,
    isCorked: true,
    onFrame: (raw) => take(decodeMessageFrame(raw)),
    onEnd() {
      for (const seat of taps.values()) seats.remove(seat)
      context.onTaps(-taps.size)
      taps.clear()
      queue.remove(source)
      context.onEnd()
    },
  })
  const send = (frame: MessageFrame) => frames.send(encodeMessageFrame(frame))

  const asker: Asker = {
    get isOpen() {
      return frames.open
    },
    onReceipt: ({ bytes }: Receipt) => void send({ type: 'receipt', receipt: bytes }),
    onDecline: (id, reason) => void send({ type: 'decline', id, reason }),
  }

  function take(frame: MessageFrame): void {
    switch (frame.type) {
      case 'post': {
        const onFull = () => decline(frame.sequence, 'sender-rate', BUSY_MS)
        enqueue(frame.envelope.byteLength, () => onPost(frame), onFull)
        break
      }
      case 'offer':
        onOffer(frame)
        break
      case 'tap':
        enqueue(0, () => onTap(frame))
        break
      case 'untap':
        untap(encodeKeyHex(frame.end))
        break
      case 'receipt':
        enqueue(frame.receipt.byteLength, () => context.onReceipt(frame.receipt))
        break
      case 'decline':
        onDecline(frame)
        break
      case 'ask-key':
        void onAskKey(frame)
        break
      case 'collect':
        enqueue(0, () => onCollect(frame))
    }
  }

  function enqueue(bytes: number, work: () => void, onFull = () => frames.abort(new Error('too much waiting'))): void {
    const isTaken = queue.push(source, WAITING_BYTES + bytes, () => {
      if (!frames.open) return
      try {
        work()
      } catch {
        countForged('what is not of its form')
      }
    })
    if (!isTaken) onFull()
  }

  function countForged(what: string): void {
    if (++forged < MAX_FORGED) return
    context.onRefused(peer, `${what}, ${forged} times`)
    connection.abort(new Error(what))
    frames.abort(new Error(what))
  }

  function decline(sequence: number, reason: MessageRefusal, retryAfterMs = 0): void {
    context.onPassed(reason)
    send({ type: 'taken', sequence, ...NOTHING, refusal: { reason, retryAfterMs } })
  }

  function refused(sequence: number, reason: MessageRefusal, retryAfterMs = 0): undefined {
    decline(sequence, reason, retryAfterMs)
  }

  /** The passage of an envelope that may be passed on; otherwise it was declined. */
  function check(sequence: number, bytes: Uint8Array): { envelope: Envelope; passage: Passage } | undefined {
    let envelope: Envelope
    try {
      envelope = decodeEnvelope(bytes)
    } catch {
      countForged('what is no envelope')
      return refused(sequence, 'malformed')
    }
    const times = refuseTimes(envelope, now())
    if (times !== undefined) return refused(sequence, times)
    const known = passages.checked(envelope)
    if (known !== undefined) return { envelope, passage: known }
    const peerWaitMs = context.isServer() ? 0 : context.peerRate.take(peer, costOf(bytes))
    if (peerWaitMs > 0) return refused(sequence, 'sender-rate', peerWaitMs)
    if (!isEnvelopeSigned(envelope)) {
      countForged('a message with a wrong signature')
      return refused(sequence, 'forged')
    }
    const waitMs = context.senderRate.take(encodeKeyHex(envelope.from), costOf(bytes))
    if (waitMs > 0) return refused(sequence, 'sender-rate', waitMs)
    context.onPassed(undefined)
    return { envelope, passage: passages.add(envelope) }
  }

  function onPost({ sequence, task, rank, envelope: bytes }: Post): void {
    const checked = check(sequence, bytes)
    if (checked === undefined) return
    const { envelope, passage } = checked
    const reply: Reply = (progress) => taken(sequence, progress)
    // Asked before it is given: a receipt may come at once.
    passages.ask(passage, asker)
    if (task === TASK.route) router.route(envelope, passage, reply)
    else if (task === TASK.record) router.record(envelope, passage, rank, connection.remotePeer, reply)
    else router.give(envelope, passage, reply)
  }

  function taken(sequence: number, { taps: heard, keepers, nodes, untilMs, refusal }: Progress): void {
    send({ type: 'taken', sequence, taps: heard, keepers, nodes, untilMs, refusal })
  }

  function onOffer({ sequence, id }: Offer): void {
    const look = () => {
      const passage = passages.get(id)
      const given = passage?.given
      // Who sat down since then has not heard it.
      if (passage === undefined || given === undefined || [...seats.at(passage.to)].some(({ sinceMs }) => sinceMs > given.atMs))
        return false
      const { taps: heard, keepers } = given
      passages.ask(passage, asker)
      taken(sequence, { ...NOTHING, taps: heard, keepers })
      return true
    }
    if (look()) return
    setTimeout(() => {
      if (frames.open && !look()) send({ type: 'want', sequence })
    }, OFFER_MS)
  }

  function onTap({ sequence, end, rules, keeps, proof }: TapFrame): void {
    const id = encodeKeyHex(end)
    const old = taps.get(id)
    if (old === undefined && (taps.size >= limits.maxTapsPerPeer || !context.mayTap()))
      return void send({ type: 'tapped', sequence, refused: 'taps' })
    if (proof !== undefined && !isTapProved(end, proof, context.self, now())) {
      countForged('a tap of a hashname without its secret')
      return void send({ type: 'tapped', sequence, refused: 'proof' })
    }
    if (old === undefined) context.onTaps(1)
    else seats.remove(old)
    const give = ({ bytes }: Envelope) => void send({ type: 'deliver', envelope: bytes })
    const seat: Seat = { end, rules, keeps, proof, sinceMs: old?.sinceMs ?? now(), give }
    taps.set(id, seat)
    seats.add(seat)
    send({ type: 'tapped', sequence, refused: undefined })
    router.collectFor(seat)
  }

  function untap(id: string): void {
    const seat = taps.get(id)
    if (seat === undefined) return
    taps.delete(id)
    seats.remove(seat)
    context.onTaps(-1)
  }

  async function onAskKey({ sequence, end, isForTab }: AskKey): Promise<void> {
    if (isForTab && keysAsked >= MAX_KEYS_ASKED) return void send({ type: 'key', sequence, publicKey: undefined })
    keysAsked++
    const publicKey = isForTab
      ? await router.findPublicKey(end, { signal: AbortSignal.timeout(ASK_KEY_MS) }).catch(() => undefined)
      : router.publicKeyOf(end)
    keysAsked--
    send({ type: 'key', sequence, publicKey })
  }

  /** Only who stores what goes to this end has something to say about it. */
  function onDecline({ id, reason }: Decline): void {
    const passage = passages.get(id)
    if (passage !== undefined && taps.get(encodeKeyHex(passage.to))?.keeps) passages.takeDecline(id, reason, source)
  }

  function onCollect(collect: Collect): void {
    if (!router.onCollect(collect, connection.remotePeer)) countForged('a receiver that is not proved')
  }

  return { close: () => frames.close() }
}

/** A large message is copied as often as a small one, and costs its sender as many small ones as fit into it. */
function costOf(envelope: Uint8Array): number {
  return 1 + Math.floor(envelope.byteLength / SMALL_BYTES)
}

const SMALL_BYTES = 4_096
/** How long a home asks others for a public key, for its tab, in ms. */
const ASK_KEY_MS = 3_000
/** Public keys that one tab may have looked for at once. */
const MAX_KEYS_ASKED = 8
