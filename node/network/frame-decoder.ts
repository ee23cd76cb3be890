/**
 * Takes the bytes of a stream apart into frames: a varint length, then so many bytes. An incomplete frame is no error, since a stream of
 * short frames has one after nearly every frame.
 */

import { decodeUint8Array as decodeVarint, encodingLength } from 'uint8-varint'
import type { Uint8ArrayList } from 'uint8arraylist'
import { MayflyError } from '../errors.ts'
import { createByteQueue } from './byte-queue.ts'

/** Seven bits each: lengths up to 2²⁸ − 1. */
const MAX_LENGTH_BYTES = 4

/** @param maxFrameBytes of a frame without its length */
export function createFrameDecoder(maxFrameBytes: number) {
  /** Bounded by the stream's window. */
  const queue = createByteQueue()
  /** Bytes of the next frame, once its length is known. */
  let length: number | undefined

  /** Takes the length, once all of it is there. */
  function takeLength(): number | undefined {
    const most = Math.min(queue.byteLength, MAX_LENGTH_BYTES)
    let bytes = 1
    while (bytes <= most && queue.at(bytes - 1) >= 0x80) bytes++
    if (bytes > MAX_LENGTH_BYTES) throw new MayflyError('ERR_BAD_FRAME', `A frame's length has at most ${MAX_LENGTH_BYTES} bytes`)
    if (bytes > queue.byteLength) return undefined
    const value = decodeVarint(queue.take(bytes), 0)
    if (encodingLength(value) < bytes) throw new MayflyError('ERR_BAD_FRAME', "A frame's length is written in as few bytes as it needs")
    return value
  }

  return {
    /** Bytes that wait, without the length of an incomplete frame. */
    get byteLength() {
      return queue.byteLength
    },
    /** Takes out all bytes that wait behind the last frame. An incomplete length stays in front of them. */
    takeRest: () => queue.take(queue.byteLength),
    push: (bytes: Uint8Array | Uint8ArrayList) => queue.push(bytes),
    /**
     * The next frame without its length, when all of it has come.
     *
     * @throws {MayflyError} ERR_LIMIT, once its length is known to be over the limit; ERR_BAD_FRAME, when its length is none
     */
    next(): Uint8Array | undefined {
      length ??= takeLength()
      if (length === undefined) return undefined
      if (length > maxFrameBytes) throw new MayflyError('ERR_LIMIT', `A frame of ${length} bytes is over the limit of ${maxFrameBytes}`)
      if (queue.byteLength < length) return undefined
      const frame = queue.take(length)
      length = undefined
      return frame
    },
  }
}
