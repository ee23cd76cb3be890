/** One end of a protocol stream in the test's hand, frame by frame: in memory as well as between real peers. */

import type { Stream } from '@libp2p/interface'
import { type ContentFrame, decodeContent, encodeContent } from '../../node/content/protocol/wire.ts'
import { decodeMessageFrame, encodeMessageFrame, type MessageFrame } from '../../node/messages/protocol/wire.ts'
import { createFrameStream, type Frame, type FrameStream } from '../../node/network/index.ts'
import { decodePresence, encodePresence } from '../../node/rendezvous/wire.ts'
import type { PresenceFrame } from '../../node/rendezvous/wire-frames.ts'
import { waitFor } from './wait-for.ts'

export interface Codec<T> {
  encode(frame: T): Frame
  decode(frame: Frame): T
}

export const PRESENCE_CODEC: Codec<PresenceFrame> = { encode: encodePresence, decode: decodePresence }
export const CONTENT_CODEC: Codec<ContentFrame> = { encode: encodeContent, decode: decodeContent }
export const MESSAGE_CODEC: Codec<MessageFrame> = { encode: encodeMessageFrame, decode: decodeMessageFrame }

export interface RawStream<T extends { type: string }> {
  /** All frames that came, in order. */
  readonly received: T[]
  /** The stream itself, for frames that no codec makes, and for pausing and closing. */
  readonly frames: FrameStream
  /** Sends the frame; false when the stream has ended. */
  send(frame: T): boolean
  /** Resolves with the first frame of the type that no earlier call took, received already or still to come. */
  next<Type extends T['type']>(type: Type): Promise<Extract<T, { type: Type }>>
  /** Resolves with the first frame that fits, received already or still to come. */
  find(fits: (frame: T) => boolean, timeoutMs?: number): Promise<T>
}

/** Larger than any frame of the three protocols. */
const MAX_FRAME_BYTES = 131_072
const MAX_UNSENT_BYTES = 256 * 1_048_576
const NEXT_TIMEOUT_MS = 2_000
const FIND_TIMEOUT_MS = 10_000

export function createRawStream<T extends { type: string }>(
  stream: Stream,
  { encode, decode }: Codec<T>,
  onFrame: (frame: T, raw: RawStream<T>) => void = () => {},
): RawStream<T> {
  const received: T[] = []
  /** Index in `received` of the first frame that `next` has not passed. */
  let unread = 0
  const frames = createFrameStream(stream, {
    maxFrameBytes: MAX_FRAME_BYTES,
    maxUnsentBytes: MAX_UNSENT_BYTES,
    onFrame(frame) {
      const decoded = decode(frame)
      received.push(decoded)
      onFrame(decoded, raw)
    },
    onEnd: () => {},
  })
  const raw: RawStream<T> = {
    received,
    frames,
    send: (frame) => frames.send(encode(frame)),
    async next(type) {
      const isNext = (frame: T, index: number) => index >= unread && frame.type === type
      await waitFor(
        () => received.some(isNext),
        NEXT_TIMEOUT_MS,
        () => `${type}, got ${received.map((frame) => frame.type)}`,
      )
      const index = received.findIndex(isNext)
      unread = index + 1
      return received[index] as Extract<T, { type: typeof type }>
    },
    async find(fits, timeoutMs = FIND_TIMEOUT_MS) {
      await waitFor(
        () => received.some(fits),
        timeoutMs,
        () => `the frame, got ${received.map((frame) => frame.type)}`,
      )
      return received.find(fits) as T
    },
  }
  return raw
}
