/**
 * The asking end of the message protocol: one long-lived stream to each peer that is asked, made when needed, many questions on it at once.
 * What the answers mean is for the caller; a question ends when it is forgotten, or with its stream.
 */

import type { Libp2p, PeerId } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import { connectionKind, createFrameStream, type FrameStream } from '../../network/index.ts'
import { createPendingRequests, type PendingRequests } from './pending-requests.ts'
import {
  type DeclineFrame,
  type DeliverFrame,
  decodeMessageFrame,
  encodeMessageFrame,
  type KeyFrame,
  MAX_MESSAGE_FRAME_BYTES,
  MESSAGE_PROTOCOL,
  type MessageFrame,
  type ReceiptFrame,
  type TakenFrame,
  type TappedFrame,
  type WantFrame,
} from './wire.ts'

export type Answer = TakenFrame | WantFrame | TappedFrame | KeyFrame | { type: 'unreachable'; reason: string }

export interface RequestStreams {
  /**
   * Asks, and hears each answer until the question is forgotten; 'unreachable' is the last.
   *
   * @returns forgets the question
   */
  ask(peer: PeerId, frame: (sequence: number) => MessageFrame, onAnswer: (answer: Answer) => void): () => void
  /** Says something that has no answer. What cannot be sent is lost. */
  tell(peer: PeerId, frame: MessageFrame): void
  stop(): void
}

export interface RequestStreamsContext {
  libp2p: Libp2p
  /** In ms; any origin, never backwards. */
  monotonic(): number
  addressesOf(peer: string): Multiaddr[]
  /**
   * What comes unasked: a home gives its tab a message, a receiver's word reaches who asked about a message. False when it is not what it says:
   * a peer that goes on with that has its stream ended.
   */
  onPush(from: PeerId, push: DeliverFrame | ReceiptFrame | DeclineFrame): boolean
  /** The stream has ended; questions on it have been told. */
  onEnd(peer: PeerId): void
}

interface RequestStream {
  frames: FrameStream
  pending: PendingRequests<Answer>
}

/** How long opening the stream may take, dial included, in ms. */
const OPEN_MS = 3_000
/** Messages, receipts or declines that are not what they say, before the stream is ended: an honest peer has none. */
const MAX_FORGED = 8
/** What a stuck peer may leave unsent before its stream is given up, in bytes. */
const MAX_UNSENT_BYTES = 16 * 1_048_576

export function createRequestStreams(context: RequestStreamsContext): RequestStreams {
  const { libp2p } = context
  /** By peer id. Bounded by the connections. */
  const streams = new Map<string, Promise<RequestStream>>()
  /** The same, once they are open: asked without waiting a turn. */
  const opened = new Map<string, RequestStream>()
  let nextSequence = 1
  let stopped = false

  async function open(peer: PeerId): Promise<RequestStream> {
    const id = peer.toString()
    const signal = AbortSignal.timeout(OPEN_MS)
    const existing = libp2p
      .getConnections(peer)
      .find((connection) => connection.status === 'open' && connectionKind(connection) === 'socket')
    const connection = existing ?? (await dial(peer, signal))
    const stream = await connection.newStream(MESSAGE_PROTOCOL, { signal })
    const pending = createPendingRequests<Answer>(context.monotonic, { type: 'unreachable', reason: 'no answer in time' })
    let forged = 0
    const channel: RequestStream = {
      pending,
      frames: createFrameStream(stream, {
        maxFrameBytes: MAX_MESSAGE_FRAME_BYTES,
        maxUnsentBytes: MAX_UNSENT_BYTES,
        isCorked: true,
        onFrame: (raw) => {
          const frame = decodeMessageFrame(raw)
          if (frame.type === 'deliver' || frame.type === 'receipt' || frame.type === 'decline') {
            if (!context.onPush(peer, frame) && ++forged >= MAX_FORGED) throw new Error('forged messages or receipts')
          } else if ('sequence' in frame) pending.answer(frame.sequence, frame as Answer)
        },
        onEnd: (reason) => {
          if (opened.get(id) === channel) {
            opened.delete(id)
            streams.delete(id)
          }
          pending.end({ type: 'unreachable', reason: `the stream ended${reason ? `: ${reason.message}` : ''}` })
          context.onEnd(peer)
        },
      }),
    }
    if (stopped || !channel.frames.open) {
      channel.frames.close()
      throw new Error('the stream ended as it was opened')
    }
    opened.set(id, channel)
    return channel
  }

  function dial(peer: PeerId, signal: AbortSignal) {
    const addresses = context.addressesOf(peer.toString())
    const targets = addresses.map((address) =>
      address.getComponents().some(({ name }) => name === 'p2p') ? address : address.encapsulate(`/p2p/${peer.toString()}`),
    )
    return targets.length === 0 ? libp2p.dial(peer, { signal }) : libp2p.dial(targets, { signal })
  }

  function channelTo(peer: PeerId): Promise<RequestStream> {
    const id = peer.toString()
    let channel = streams.get(id)
    if (channel === undefined) {
      channel = open(peer)
      streams.set(id, channel)
      channel.catch(() => streams.delete(id))
    }
    return channel
  }

  return {
    ask(peer, frame, onAnswer) {
      const sequence = nextSequence++
      let channel = opened.get(peer.toString())
      let forgotten = false
      const begin = (on: RequestStream) => {
        on.pending.ask(sequence, onAnswer)
        if (on.frames.send(encodeMessageFrame(frame(sequence)))) return
        on.pending.forget(sequence)
        // Never before `ask` has returned: the caller has nothing yet to forget it with.
        queueMicrotask(() => onAnswer({ type: 'unreachable', reason: 'the stream has ended' }))
      }
      if (channel?.frames.open) begin(channel)
      else {
        channelTo(peer).then(
          (later) => {
            channel = later
            if (!forgotten) begin(later)
          },
          (error: unknown) => {
            if (!forgotten) onAnswer({ type: 'unreachable', reason: error instanceof Error ? error.message : String(error) })
          },
        )
      }
      return () => {
        forgotten = true
        channel?.pending.forget(sequence)
      }
    },
    tell(peer, frame) {
      const open = opened.get(peer.toString())
      if (open?.frames.open) open.frames.send(encodeMessageFrame(frame))
      else
        channelTo(peer).then(
          ({ frames }) => frames.send(encodeMessageFrame(frame)),
          () => {},
        )
    },
    stop() {
      stopped = true
      for (const channel of streams.values())
        channel.then(
          ({ frames }) => frames.close(),
          () => {},
        )
      streams.clear()
    },
  }
}
