/** Posts and offers on one inbound stream: admission, checks, and the task that each post asks for. */

import { encodeKeyHex } from '../../keys/index.ts'
import { priceOf } from '../admission/admission.ts'
import {
  claimedEnd,
  claimedSender,
  decodeEnvelope,
  type Envelope,
  isEnvelopeSigned,
  isEnvelopeSignedElsewhere,
  refuseTimes,
} from '../format/envelope.ts'
import { type DeliveryProgress, type FrameOf, NO_PROGRESS, TASK } from '../protocol/wire.ts'
import type { MessageRefusal } from '../types.ts'
import type { Reply } from './delivery.ts'
import type { SeenMessage } from './seen-messages.ts'
import { type MessageServerContext, type ServedStream, type ServerState, WAITING_BYTES } from './served-stream.ts'

/** How long an offered message may be on its way from another record node, in ms. */
const OFFER_MS = 40
/** The wait that a peer is told that has too much waiting here, in ms. */
const BUSY_MS = 1_000

export function createServedPosts(served: ServedStream, context: MessageServerContext, counts: ServerState['counts']) {
  const { router, subscriptions, seenMessages, admission, clock } = context
  const { remote, send } = served
  const peer = remote.toString()
  const isServer = () => router.isServer(remote)
  const throttle = createReadThrottle(served)
  /** Resolves when all signatures are checked that were begun. */
  let checking: Promise<void> = Promise.resolve()

  /** Messages of this node's own peers wait for admission first. */
  function onPost(post: FrameOf<'post'>): void {
    if (isServer()) {
      enqueue(post, () => {})
      return
    }
    const { envelope } = post
    const isAdmitted = admission.peers.push(served, {
      peer,
      line: claimedSender(envelope),
      end: claimedEnd(envelope),
      bytes: WAITING_BYTES + envelope.byteLength,
      enter(onAnswer) {
        enqueue(post, onAnswer)
        throttle.onFullness(admission.peers.fullness(served))
      },
    })
    if (isAdmitted) throttle.onFullness(admission.peers.fullness(served))
    else refuseBusy(post)
  }

  function enqueue(post: FrameOf<'post'>, onAnswer: () => void): void {
    const { envelope } = post
    const onFull = () => {
      refuseBusy(post)
      onAnswer()
    }
    served.enqueue(envelope.byteLength, () => check(post, onAnswer), onFull, claimedSender(envelope))
  }

  /** Signatures take longer than all the rest: other threads check them when there is more to do than this one message. */
  function check(post: FrameOf<'post'>, onAnswer: () => void): Promise<void> | undefined {
    const isAlone = admission.queue.isIdle
    const envelope = decode(post)
    if (envelope === undefined) return void onAnswer()
    const known = seenMessages.checked(envelope)
    if (known !== undefined) return perform(post, envelope, known, onAnswer)
    if (isAlone) return onChecked(post, envelope, isEnvelopeSigned(envelope), onAnswer)
    // Passed on in the order of arrival, whichever check is done first.
    const checked = Promise.all([isEnvelopeSignedElsewhere(envelope), checking]).then(([isSigned]) => {
      if (served.isOpen) onChecked(post, envelope, isSigned, onAnswer)
    })
    checking = checked.catch(() => {})
    return checked
  }

  /** The envelope, when its peer may send now, and form and times are right; otherwise the post was refused. */
  function decode({ sequence, task, envelope: bytes }: FrameOf<'post'>): Envelope | undefined {
    // Before all else, and for known messages, too: it counts for the peer that sent it here, not for its author.
    const waitMs = isServer() ? 0 : admission.peerRate.take(peer, priceOf(bytes))
    if (waitMs > 0) {
      throttle.onRefused()
      return refuse(sequence, 'sender-rate', waitMs)
    }
    throttle.onAccepted()
    let envelope: Envelope
    try {
      envelope = decodeEnvelope(bytes)
    } catch {
      served.countForged('an envelope that is none')
      return refuse(sequence, 'malformed')
    }
    const reason = task === TASK.route && clock.isOff() ? 'clock' : refuseTimes(envelope, clock.now())
    if (reason === undefined) return envelope
    // A tab goes by its home's time. 'expired' is final: a clock that may be wrong does not say it.
    return refuse(sequence, clock.isDoubtful() ? 'clock' : reason)
  }

  function onChecked(post: FrameOf<'post'>, envelope: Envelope, isSigned: boolean, onAnswer: () => void): undefined {
    if (!isSigned) {
      served.countForged('a message with a wrong signature')
      refuse(post.sequence, 'forged')
      return onAnswer() as undefined
    }
    // The same message may have come another way meanwhile.
    const known = seenMessages.checked(envelope)
    if (known !== undefined) return perform(post, envelope, known, onAnswer)
    const waitMs = admission.senderRate.take(encodeKeyHex(envelope.from), priceOf(envelope.bytes))
    if (waitMs > 0) {
      refuse(post.sequence, 'sender-rate', waitMs)
      return onAnswer() as undefined
    }
    counts.passed++
    if (isServer()) admission.peers.noteOthers()
    return perform(post, envelope, seenMessages.add(envelope), onAnswer)
  }

  function perform({ sequence, task, rank }: FrameOf<'post'>, envelope: Envelope, seen: SeenMessage, onAnswer: () => void): undefined {
    const reply: Reply = (progress) => {
      sendTaken(sequence, progress)
      onAnswer()
    }
    // Before the delivery: a receipt may come at once.
    seenMessages.listen(seen, served.listener)
    if (task === TASK.route) router.route(envelope, seen, reply)
    else if (task === TASK.record) router.record(envelope, seen, rank, remote, reply)
    else router.deliver(envelope, seen, reply)
  }

  function onOffer({ sequence, id }: FrameOf<'offer'>): void {
    const answerIfKnown = () => {
      const seen = seenMessages.get(id)
      const delivered = seen?.delivered
      if (seen === undefined || delivered === undefined) return false
      // Later subscriptions have missed it.
      for (const { since } of subscriptions.at(seen.to)) if (since > delivered.tick) return false
      seenMessages.listen(seen, served.listener)
      sendTaken(sequence, { ...NO_PROGRESS, taps: delivered.taps, keepers: delivered.keepers })
      return true
    }
    if (answerIfKnown()) return
    setTimeout(() => {
      if (served.isOpen && !answerIfKnown()) send({ type: 'want', sequence })
    }, OFFER_MS)
  }

  function sendTaken(sequence: number, { taps, keepers, nodes, untilMs, refusal }: DeliveryProgress): void {
    // Where taps store, a receipt follows at once; until then the answer changes nothing.
    send({ type: 'taken', sequence, taps, keepers, nodes, untilMs, refusal }, keepers > 0)
  }

  function refuse(sequence: number, reason: MessageRefusal, retryAfterMs = 0): undefined {
    counts.refused++
    send({ type: 'taken', sequence, ...NO_PROGRESS, refusal: { reason, retryAfterMs } })
  }

  function refuseBusy({ sequence }: FrameOf<'post'>): void {
    if (!isServer()) throttle.onRefused()
    refuse(sequence, 'sender-rate', BUSY_MS)
  }

  return {
    onPost,
    onOffer,
    /** The stream has ended. */
    end() {
      admission.peers.remove(served)
      throttle.end()
    },
  }
}

const MAX_REFUSED = 64
const UNREAD_MS = 1_000
/** Part of its waiting room that a stream may fill before it is not read; reading goes on at half of that. */
const CROWDED = 1 / 8

/** Read throttle of an inbound stream: while it is not read, flow control makes its sender wait. */
function createReadThrottle(stream: Pick<ServedStream, 'isOpen' | 'setReading'>) {
  let refusedInRow = 0
  let isCrowded = false
  let resuming: ReturnType<typeof setTimeout> | undefined

  const update = () => stream.setReading(!isCrowded && resuming === undefined)

  return {
    /** A message was refused for its peer's rate: after MAX_REFUSED in a row the stream is not read for UNREAD_MS. */
    onRefused() {
      if (++refusedInRow < MAX_REFUSED || resuming !== undefined || !stream.isOpen) return
      resuming = setTimeout(() => {
        refusedInRow = 0
        resuming = undefined
        update()
      }, UNREAD_MS)
      update()
    },
    /** A message was within the rate. */
    onAccepted() {
      refusedInRow = 0
    },
    /** @param fullness the part of its waiting room that the stream fills, from 0 to 1 */
    onFullness(fullness: number) {
      const was = isCrowded
      isCrowded = fullness > CROWDED / 2 && (isCrowded || fullness >= CROWDED)
      if (isCrowded !== was) update()
    },
    end: () => clearTimeout(resuming),
  }
}
