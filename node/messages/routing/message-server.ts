/**
 * The answering end of a message stream: a node to its tab, a home or a record node to a node. Checks what comes, in fair turns, and hands
 * it to the router; keeps the taps of a tab for as long as its stream lasts.
 */

import type { Connection, Stream } from '@libp2p/interface'
import { encodeKeyHex } from '../../keys/index.ts'
import { createFrameStream } from '../../network/index.ts'
import type { Key } from '../../types.ts'
import type { FairQueue } from '../admission/fair-queue.ts'
import type { PeerAdmission } from '../admission/peer-admission.ts'
import type { SenderRate } from '../admission/sender-rate.ts'
import {
  claimedEnd,
  claimedSender,
  decodeEnvelope,
  type Envelope,
  isEnvelopeSigned,
  isEnvelopeSignedElsewhere,
  refuseTimes,
} from '../format/envelope.ts'
import { isTapProofTimely, isTapProved } from '../format/tap-proof.ts'
import {
  type AskKeyFrame,
  type CollectFrame,
  type DeliveryProgress,
  decodeMessageFrame,
  encodeMessageFrame,
  MAX_MESSAGE_FRAME_BYTES,
  type MessageFrame,
  NO_PROGRESS,
  type OfferFrame,
  type PostFrame,
  TASK,
  type TapFrame,
} from '../protocol/wire.ts'
import type { MessageLimits, MessageRefusal, Receipt } from '../types.ts'
import type { Reply } from './delivery.ts'
import type { Router } from './router.ts'
import type { ReceiptListener, SeenMessage, SeenMessages } from './seen-messages.ts'
import type { Subscription, Subscriptions } from './subscriptions.ts'

export interface SessionContext {
  /** This node's peer id, as a multihash: whom taps are proved to. */
  self: Uint8Array
  router: Router
  subscriptions: Subscriptions
  seenMessages: SeenMessages
  queue: FairQueue
  /** Before it, for messages of peers that are no servers. */
  admission: PeerAdmission
  /** What each sender may send through here, by public key, hex. */
  senderRate: SenderRate
  /** The same for each peer that is no server of the overlay, by peer id: before any signature is checked. */
  peerRate: SenderRate
  isServer(): boolean
  /** What was forged so far, by connection: a new stream does not make it forgotten. */
  forgeries: WeakMap<Connection, number>
  limits: MessageLimits
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
/** Messages over its share that a peer is told of, before it is not read for so long, in ms. */
const MAX_REFUSED = 64
const UNREAD_MS = 1_000
/** How full of one peer's messages the intake may be, before the peer is not read until half of them have entered. */
const CROWDED = 1 / 8
/** How long an offered message may be on its way from another record node, in ms. */
const OFFER_MS = 40
/** Who has too much waiting here should wait for so long, in ms. */
const BUSY_MS = 1_000
/** A receiver's word that there was no room for: the message comes again, and so does its word. */
const COMES_AGAIN = () => {}
/** What of a frame that waits is not its envelope, about, in bytes. */
const WAITING_BYTES = 256

export interface MessageSession {
  close(): void
}

export function serveMessages(stream: Stream, connection: Connection, context: SessionContext): MessageSession {
  const { router, subscriptions, seenMessages, queue, admission, limits, now } = context
  const peer = connection.remotePeer.toString()
  /** By the end's key, hex. Bounded: maxTapsPerPeer. */
  const taps = new Map<string, Subscription>()
  const source = {}
  let refusedInRow = 0
  let isCrowded = false
  let resuming: ReturnType<typeof setTimeout> | undefined
  /** Done when all signatures are that were being checked. */
  let checking: Promise<void> = Promise.resolve()
  let keysAsked = 0

  const frames = createFrameStream(stream, {
    maxFrameBytes: MAX_MESSAGE_FRAME_BYTES,
    maxUnsentBytes: MAX_UNSENT_BYTES,
    isCorked: true,
    onFrame: (raw) => take(decodeMessageFrame(raw)),
    onEnd() {
      for (const subscription of taps.values()) subscriptions.remove(subscription)
      context.onTaps(-taps.size)
      taps.clear()
      queue.remove(source)
      admission.remove(source)
      clearTimeout(resuming)
      context.onEnd()
    },
  })
  const send = (frame: MessageFrame, isPatient = false) => frames.send(encodeMessageFrame(frame), isPatient)

  const listener: ReceiptListener = {
    get isOpen() {
      return frames.open
    },
    onReceipt: ({ bytes }: Receipt) => void send({ type: 'receipt', receipt: bytes }),
    onDecline: ({ bytes }) => void send({ type: 'decline', decline: bytes }),
  }

  function take(frame: MessageFrame): void {
    switch (frame.type) {
      case 'post':
        if (context.isServer()) enqueuePost(frame, () => {})
        else enter(frame, frame.envelope)
        break
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
        enqueue(frame.receipt.byteLength, () => context.onReceipt(frame.receipt), COMES_AGAIN)
        break
      case 'decline':
        enqueue(frame.decline.byteLength, () => seenMessages.takeDecline(frame.decline, keeps), COMES_AGAIN)
        break
      case 'ask-key':
        void onAskKey(frame)
        break
      case 'collect':
        enqueue(0, () => onCollect(frame))
    }
  }

  /** Waits until others of this node's peers have had their turn. */
  function enter(post: PostFrame, envelope: Uint8Array): void {
    const isTaken = admission.push(source, {
      peer,
      line: claimedSender(envelope),
      end: claimedEnd(envelope),
      bytes: WAITING_BYTES + envelope.byteLength,
      enter(onAnswer) {
        enqueuePost(post, onAnswer)
        if (isCrowded && admission.fullness(source) <= CROWDED / 2) setCrowded(false)
      },
    })
    if (!isTaken) onBusy(post)
    else if (admission.fullness(source) >= CROWDED) setCrowded(true)
  }

  function enqueuePost(post: PostFrame, onAnswer: () => void): void {
    const onFull = () => {
      onBusy(post)
      onAnswer()
    }
    enqueue(post.envelope.byteLength, () => onPost(post, onAnswer), onFull, claimedSender(post.envelope))
  }

  function onBusy({ sequence }: PostFrame): void {
    if (!context.isServer()) slowDown()
    decline(sequence, 'sender-rate', BUSY_MS)
  }

  function enqueue(bytes: number, work: () => unknown, onFull = () => frames.abort(new Error('too much waiting')), line?: string): void {
    const onBad = () => countForged('what is not of its form')
    const guarded = () => {
      if (!frames.open) return
      try {
        const working = work()
        return working instanceof Promise ? working.catch(onBad) : undefined
      } catch {
        onBad()
      }
    }
    if (!queue.push(source, WAITING_BYTES + bytes, guarded, line)) onFull()
  }

  function countForged(what: string): void {
    const forged = (context.forgeries.get(connection) ?? 0) + 1
    context.forgeries.set(connection, forged)
    if (forged < MAX_FORGED) return
    context.onRefused(peer, `${what}, ${forged} times`)
    connection.abort(new Error(what))
    frames.abort(new Error(what))
  }

  /** Who goes on sending what is refused is not read for a while: then it waits where it is, and costs nobody anything here. */
  function slowDown(): void {
    if (++refusedInRow < MAX_REFUSED || resuming !== undefined || !frames.open) return
    resuming = setTimeout(() => {
      refusedInRow = 0
      resuming = undefined
      readOrNot()
    }, UNREAD_MS)
    readOrNot()
  }

  function setCrowded(is: boolean): void {
    isCrowded = is
    readOrNot()
  }

  function readOrNot(): void {
    if (isCrowded || resuming !== undefined) frames.pause()
    else frames.resume()
  }

  function decline(sequence: number, reason: MessageRefusal, retryAfterMs = 0): void {
    context.onPassed(reason)
    send({ type: 'taken', sequence, ...NO_PROGRESS, refusal: { reason, retryAfterMs } })
  }

  function refused(sequence: number, reason: MessageRefusal, retryAfterMs = 0): undefined {
    decline(sequence, reason, retryAfterMs)
  }

  /** An envelope of who may send now, whose form and times are right; otherwise it was declined. */
  function read({ sequence, envelope: bytes }: PostFrame): Envelope | undefined {
    // Before anything is done with it, and whether it is new or not: it counts for who sent it here, not for who wrote it.
    const peerWaitMs = context.isServer() ? 0 : context.peerRate.take(peer, costOf(bytes))
    if (peerWaitMs > 0) {
      slowDown()
      return refused(sequence, 'sender-rate', peerWaitMs)
    }
    refusedInRow = 0
    let envelope: Envelope
    try {
      envelope = decodeEnvelope(bytes)
    } catch {
      countForged('what is no envelope')
      return refused(sequence, 'malformed')
    }
    const times = refuseTimes(envelope, now())
    return times === undefined ? envelope : refused(sequence, times)
  }

  /** Checking a signature takes longer than all the rest: other threads do it when there is more to do than this one message. */
  function onPost(post: PostFrame, onAnswer: () => void): Promise<void> | undefined {
    const isAlone = queue.isIdle
    const envelope = read(post)
    if (envelope === undefined) {
      onAnswer()
      return undefined
    }
    const known = seenMessages.checked(envelope)
    if (known !== undefined) {
      pass(post, envelope, known, onAnswer)
      return undefined
    }
    if (isAlone) {
      onChecked(post, envelope, isEnvelopeSigned(envelope), onAnswer)
      return undefined
    }
    // Passed on in the order in which they came, whichever is checked first.
    const checked = Promise.all([isEnvelopeSignedElsewhere(envelope), checking]).then(([isSigned]) => {
      if (frames.open) onChecked(post, envelope, isSigned, onAnswer)
    })
    checking = checked.catch(() => {})
    return checked
  }

  function onChecked(post: PostFrame, envelope: Envelope, isSigned: boolean, onAnswer: () => void): void {
    if (!isSigned) {
      countForged('a message with a wrong signature')
      decline(post.sequence, 'forged')
      onAnswer()
      return
    }
    // It may have come another way meanwhile.
    const known = seenMessages.checked(envelope)
    const waitMs = known === undefined ? context.senderRate.take(encodeKeyHex(envelope.from), costOf(envelope.bytes)) : 0
    if (waitMs > 0) {
      decline(post.sequence, 'sender-rate', waitMs)
      onAnswer()
      return
    }
    if (known === undefined) {
      context.onPassed(undefined)
      if (context.isServer()) admission.noteOthers()
    }
    pass(post, envelope, known ?? seenMessages.add(envelope), onAnswer)
  }

  function pass({ sequence, task, rank }: PostFrame, envelope: Envelope, seen: SeenMessage, onAnswer: () => void): void {
    const reply: Reply = (progress) => {
      taken(sequence, progress)
      onAnswer()
    }
    // Asked before it is given: a receipt may come at once.
    seenMessages.ask(seen, listener)
    if (task === TASK.route) router.route(envelope, seen, reply)
    else if (task === TASK.record) router.record(envelope, seen, rank, connection.remotePeer, reply)
    else router.give(envelope, seen, reply)
  }

  function taken(sequence: number, { taps: heard, keepers, nodes, untilMs, refusal }: DeliveryProgress): void {
    // Who stores will have something to say at once; until then the answer changes nothing.
    send({ type: 'taken', sequence, taps: heard, keepers, nodes, untilMs, refusal }, keepers > 0)
  }

  function onOffer({ sequence, id }: OfferFrame): void {
    const look = () => {
      const seen = seenMessages.get(id)
      const given = seen?.given
      // Who sat down since then has not heard it.
      if (seen === undefined || given === undefined || [...subscriptions.at(seen.to)].some(({ since }) => since > given.tick)) return false
      const { taps: heard, keepers } = given
      seenMessages.ask(seen, listener)
      taken(sequence, { ...NO_PROGRESS, taps: heard, keepers })
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
      if (isTapProofTimely(proof, now())) countForged('a tap of a hashname without its secret')
      return void send({ type: 'tapped', sequence, refused: 'proof' })
    }
    if (old === undefined) context.onTaps(1)
    else subscriptions.remove(old)
    const give = ({ bytes }: Envelope) => void send({ type: 'deliver', envelope: bytes })
    const subscription: Subscription = { end, rules, keeps, proof, since: old?.since ?? subscriptions.tick(), give }
    taps.set(id, subscription)
    subscriptions.add(subscription)
    send({ type: 'tapped', sequence, refused: undefined })
    router.collectFor(subscription)
  }

  function untap(id: string): void {
    const subscription = taps.get(id)
    if (subscription === undefined) return
    taps.delete(id)
    subscriptions.remove(subscription)
    context.onTaps(-1)
  }

  async function onAskKey({ sequence, end, isForTab }: AskKeyFrame): Promise<void> {
    if (isForTab && keysAsked >= MAX_KEYS_ASKED) return void send({ type: 'key', sequence, publicKey: undefined })
    keysAsked++
    const publicKey = isForTab
      ? await router.findPublicKey(end, { signal: AbortSignal.timeout(ASK_KEY_MS) }).catch(() => undefined)
      : router.publicKeyOf(end)
    keysAsked--
    send({ type: 'key', sequence, publicKey })
  }

  /** Only who stores what goes to an end has something to say about it. */
  function keeps(end: Key): boolean {
    return taps.get(encodeKeyHex(end))?.keeps === true
  }

  function onCollect(collect: CollectFrame): void {
    if (!isTapProofTimely(collect.proof, now())) return
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
/** Public keys that one tab may have looked for at once: it asks once for each receiver, and may write to many. */
const MAX_KEYS_ASKED = 64
