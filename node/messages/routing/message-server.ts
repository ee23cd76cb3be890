/**
 * Message server: the answering end of message streams at a node, for its tabs, for homes and for record nodes. Checks what comes, in fair
 * turns, and hands it to the router. The taps of a tab last as long as its stream.
 */

import type { Connection, Stream } from '@libp2p/interface'
import { timeoutSignal } from '../../async/abort.ts'
import { MayflyError } from '../../errors.ts'
import { createFrameStream } from '../../network/index.ts'
import { isTapProofTimely } from '../format/proof.ts'
import {
  decodeMessageFrame,
  encodeMessageFrame,
  type FrameOf,
  MAX_MESSAGE_FRAME_BYTES,
  MESSAGE_PROTOCOL,
  type MessageFrame,
} from '../protocol/wire.ts'
import type { ReceiptListener } from './seen-messages.ts'
import { createServedPosts } from './served-posts.ts'
import { type MessageServerContext, type ServedStream, type ServerState, WAITING_BYTES } from './served-stream.ts'
import { createServedTaps } from './served-taps.ts'

/** Streams on which one peer may ask at once: one is enough, and a reconnecting peer may have two. */
const MAX_STREAMS = 4
/** Unsent bytes at which a slow tab is cut off. */
const MAX_UNSENT_BYTES = 8 * 1_048_576
/** Forged messages, receipts or proofs before the connection is ended: an honest peer sends none. */
const MAX_FORGED = 8
/** How long a home asks others for a public key, for its tab, in ms. */
const ASK_KEY_MS = 3_000
/** Public keys that one stream may have asked for at once: a tab asks once for each receiver, and may write to many. */
const MAX_KEYS_ASKED = 64

export function createMessageServer(context: MessageServerContext) {
  const { libp2p } = context
  const state: ServerState = { counts: { tabTaps: 0, passed: 0, refused: 0 }, forgeries: new WeakMap(), streams: new Set() }
  const onStream = (stream: Stream, connection: Connection) => serveMessages(stream, connection, context, state)
  return {
    counts: state.counts,
    start: () => libp2p.handle(MESSAGE_PROTOCOL, onStream, { maxInboundStreams: MAX_STREAMS, maxOutboundStreams: MAX_STREAMS }),
    async stop() {
      await libp2p.unhandle(MESSAGE_PROTOCOL)
      for (const frames of state.streams) frames.close()
    },
  }
}

function serveMessages(stream: Stream, connection: Connection, context: MessageServerContext, state: ServerState): void {
  const { router, seenMessages, admission, clock } = context
  const remote = connection.remotePeer
  let keysAsked = 0

  const frames = createFrameStream(stream, {
    maxFrameBytes: MAX_MESSAGE_FRAME_BYTES,
    maxUnsentBytes: MAX_UNSENT_BYTES,
    isCorked: true,
    onFrame: (raw) => onFrame(decodeMessageFrame(raw)),
    onEnd() {
      state.streams.delete(frames)
      statements.end()
      admission.queue.remove(served)
      posts.end()
      taps.end()
    },
  })
  state.streams.add(frames)
  const send = (frame: MessageFrame, isPatient = false) => void frames.send(encodeMessageFrame(frame), isPatient)
  const statements = createStatementListener(send)
  const served: ServedStream = {
    remote,
    get isOpen() {
      return frames.open
    },
    listener: statements.listener,
    send,
    enqueue,
    setReading: (isReading) => (isReading ? frames.resume() : frames.pause()),
    countForged,
  }
  const posts = createServedPosts(served, context, state.counts)
  const taps = createServedTaps(served, context, state.counts)

  function onFrame(frame: MessageFrame): void {
    switch (frame.type) {
      case 'post':
        posts.onPost(frame)
        break
      case 'offer':
        posts.onOffer(frame)
        break
      case 'tap':
        enqueue(0, () => taps.onTap(frame))
        break
      case 'untap':
        taps.onUntap(frame)
        break
      case 'receipt':
        enqueue(frame.receipt.byteLength, () => router.takeReceipt(frame.receipt), DROPPED)
        break
      case 'decline':
        enqueue(frame.decline.byteLength, () => seenMessages.takeDecline(frame.decline, taps.keeps), DROPPED)
        break
      case 'ask-key':
        void onAskKey(frame)
        break
      case 'collect':
        enqueue(0, () => onCollect(frame))
    }
  }

  function enqueue(bytes: number, work: () => unknown, onFull = () => frames.abort(new Error('too much waiting')), line?: string): void {
    const onBad = () => countForged('a bad frame')
    const guarded = () => {
      if (!frames.open) return
      try {
        const working = work()
        return working instanceof Promise ? working.catch(onBad) : undefined
      } catch {
        onBad()
      }
    }
    if (!admission.queue.push(served, WAITING_BYTES + bytes, guarded, line)) onFull()
  }

  function countForged(what: string): void {
    const forged = (state.forgeries.get(connection) ?? 0) + 1
    state.forgeries.set(connection, forged)
    if (forged < MAX_FORGED) return
    context.onRefused(remote.toString(), `sent ${what}, ${forged} times`)
    const reason = new MayflyError('ERR_BAD_FRAME', `Connection ended: sent ${what}, ${forged} times`)
    connection.abort(reason)
    frames.abort(reason)
  }

  async function onAskKey({ sequence, end, isForTab }: FrameOf<'ask-key'>): Promise<void> {
    const answer = (publicKey?: Uint8Array) => send({ type: 'key', sequence, publicKey })
    if (!isForTab) return answer(router.publicKeys.get(end))
    if (keysAsked >= MAX_KEYS_ASKED) return answer()
    keysAsked++
    const publicKey = await router.publicKeys.find(end, { signal: timeoutSignal(ASK_KEY_MS) }).catch(() => undefined)
    keysAsked--
    answer(publicKey)
  }

  function onCollect(collect: FrameOf<'collect'>): void {
    if (!isTapProofTimely(collect.proof, clock.now())) return
    if (!router.onCollect(collect, remote)) countForged('a wrong proof of a receiver')
  }
}

/**
 * Sends receivers' statements on a stream. The seen-message cache keeps the listener for long after the stream has ended; `end` lets go of the
 * stream, and of its connection with all that belongs to it. Not within `serveMessages`, whose functions keep each other's variables.
 */
function createStatementListener(send: (frame: MessageFrame) => void) {
  let current: typeof send | undefined = send
  const listener: ReceiptListener = {
    get isOpen() {
      return current !== undefined
    },
    onReceipt: ({ bytes }) => current?.({ type: 'receipt', receipt: bytes }),
    onDecline: ({ bytes }) => current?.({ type: 'decline', decline: bytes }),
  }
  return {
    listener,
    end() {
      current = undefined
    },
  }
}

/** A receipt or decline that found no room: its message comes again, and so will it. */
const DROPPED = () => {}
