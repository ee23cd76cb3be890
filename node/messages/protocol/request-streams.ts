/**
 * Request streams: the asking end of the message protocol. One long-lived stream to each asked peer, opened when needed, carries many requests
 * at once. A request ends when the caller forgets it, after REQUEST_MS, or with its stream.
 */

import type { Libp2p, PeerId } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import { createFrameStream, createPeerStreams, createRequests, type OpenedStream } from '../../network/index.ts'
import {
  type AskingFrame,
  decodeHeardFrame,
  encodeAskingFrame,
  type FrameOf,
  type HeardFrame,
  MAX_MESSAGE_FRAME_BYTES,
  MESSAGE_PROTOCOL,
} from './wire.ts'

export type RequestAnswer = FrameOf<'taken' | 'want' | 'tapped' | 'key'> | { type: 'unreachable'; reason: string }

/** A frame that nobody asked for: a home delivers to its tab; receivers' statements come to all that sent the message. */
export type PushFrame = FrameOf<'deliver' | 'receipt' | 'decline'>

interface RequestStreamListener {
  /** Throws when the frame is forged: a peer that goes on with that has its stream ended. */
  onPush(push: PushFrame): void
  /** A peer has pushed a forged frame. */
  onRefused(peer: string, reason: string): void
  onOpen?(peer: PeerId): void
  /** The stream has ended; its requests have been answered. */
  onEnd?(peer: PeerId): void
  isWanted?(peer: PeerId): boolean
}

/** How long opening the stream may take, dial included, in ms. */
const OPEN_MS = 3_000
/** The longest life of a request, in ms: callers give up far sooner, and a silent peer must not fill the memory. */
const REQUEST_MS = 30_000
/** Forged messages, receipts or declines before the stream is ended: an honest peer sends none. */
const MAX_FORGED = 8
/** Unsent bytes at which a stuck peer is given up. */
const MAX_UNSENT_BYTES = 16 * 1_048_576

export type RequestStreams = ReturnType<typeof createRequestStreams>

export function createRequestStreams(
  libp2p: Pick<Libp2p, 'getConnections' | 'dial'>,
  addressesOf: (peer: string) => Multiaddr[],
  listener: RequestStreamListener,
) {
  const streams = createPeerStreams(
    {
      libp2p,
      protocol: MESSAGE_PROTOCOL,
      kinds: ['socket'],
      create: (opened) => createRequestStream(opened, listener),
      onOpen: ({ peer }) => listener.onOpen?.(peer),
      isWanted: (peer) => listener.isWanted?.(peer) === true,
    },
    { openTimeoutMs: OPEN_MS },
  )
  const open = (peer: PeerId) => streams.open(peer, { addresses: addressesOf(peer.toString()) })

  return {
    /**
     * Sends a request, and passes its one answer on, unless it is forgotten. The answer does not come before this returns.
     *
     * @returns forgets the request
     */
    request(peer: PeerId, frame: (sequence: number) => AskingFrame, onAnswer: (answer: RequestAnswer) => void) {
      let stream = streams.get(peer)
      let id = 0
      let isForgotten = false
      const begin = ({ frames, requests }: ReturnType<typeof createRequestStream>) => {
        id = requests.begin(
          (sequence) => frames.send(encodeAskingFrame(frame(sequence))),
          (answer) => {
            requests.forget(id)
            onAnswer(answer)
          },
        )
      }
      if (stream !== undefined) begin(stream)
      else {
        open(peer).then(
          (opened) => {
            stream = opened
            if (!isForgotten) begin(opened)
          },
          (error: unknown) => {
            if (!isForgotten) onAnswer({ type: 'unreachable', reason: error instanceof Error ? error.message : String(error) })
          },
        )
      }
      return () => {
        isForgotten = true
        stream?.requests.forget(id)
      }
    },
    /** Sends a frame that has no answer. One that cannot be sent is lost. */
    send(peer: PeerId, frame: AskingFrame) {
      const stream = streams.get(peer)
      if (stream !== undefined) stream.frames.send(encodeAskingFrame(frame))
      else
        open(peer).then(
          ({ frames }) => frames.send(encodeAskingFrame(frame)),
          () => {},
        )
    },
    /** True while there is an open stream to the peer. */
    isOpen: (peer: PeerId) => streams.get(peer) !== undefined,
    /** Opens a stream to the peer, again and again while `RequestStreamListener.isWanted` says so. */
    keepOpen: (peer: PeerId) => streams.keepOpen(peer),
    stop: () => streams.stop(),
  }
}

function createRequestStream({ peer, stream, onEnd }: OpenedStream, listener: RequestStreamListener) {
  const requests = createRequests<RequestAnswer>({
    ended: { type: 'unreachable', reason: 'the stream has ended' },
    timedOut: { type: 'unreachable', reason: 'no answer in time' },
    timeoutMs: REQUEST_MS,
  })
  let forged = 0

  function takePush(push: PushFrame): void {
    try {
      listener.onPush(push)
    } catch {
      listener.onRefused(peer.toString(), `sent a ${push.type} that is not one`)
      if (++forged >= MAX_FORGED) throw new Error('forged messages or receipts')
    }
  }

  function onFrame(frame: HeardFrame | undefined): void {
    switch (frame?.type) {
      case 'deliver':
      case 'receipt':
      case 'decline':
        takePush(frame)
        break
      case 'taken':
      case 'want':
      case 'tapped':
      case 'key':
        requests.reply(frame.sequence, frame)
    }
  }

  const frames = createFrameStream(stream, {
    maxFrameBytes: MAX_MESSAGE_FRAME_BYTES,
    maxUnsentBytes: MAX_UNSENT_BYTES,
    isCorked: true,
    onFrame: (raw) => onFrame(decodeHeardFrame(raw)),
    onEnd: (reason) => {
      onEnd()
      requests.end({ type: 'unreachable', reason: `the stream ended${reason ? `: ${reason.message}` : ''}` })
      listener.onEnd?.(peer)
    },
  })
  return {
    peer,
    frames,
    requests,
    get open() {
      return frames.open
    },
    close: () => frames.close(),
  }
}
