/**
 * Takes the bytes of a stream apart into frames: a varint length, then so many bytes. Received chunks are kept as they came; only a frame
 * that spans several is copied. An incomplete frame is no error, since a stream of short frames has one after nearly every frame.
 */

import { decodeUint8Array as decodeVarint, encodingLength } from 'uint8-varint'
import type { Uint8ArrayList } from 'uint8arraylist'
import { MayflyError } from '../errors.ts'

/** Seven bits each: lengths up to 2²⁸ − 1. */
const MAX_LENGTH_BYTES = 4

/** @param maxFrameBytes of a frame without its length */
export function createFrameDecoder(maxFrameBytes: number) {
  /** Received, unconsumed chunks. Data begins at `pieces[first][start]`. No chunk is empty. Bounded by the stream's window. */
  let pieces: Uint8Array[] = []
  let first = 0
  let start = 0
  let held = 0
  /** Bytes of the next frame, once its length is known. */
  let length: number | undefined

  /** As many as are held, at most. */
  function take(bytes: number): Uint8Array {
    held -= bytes
    const part = takePart(bytes)
    if (part.byteLength === bytes) return part
    const whole = new Uint8Array(bytes)
    whole.set(part)
    for (let at = part.byteLength; at < bytes; ) {
      const next = takePart(bytes - at)
      whole.set(next, at)
      at += next.byteLength
    }
    return whole
  }

  /** Of one piece, so many bytes at most. */
  function takePart(bytes: number): Uint8Array {
    const piece = pieces[first] as Uint8Array
    const part = piece.subarray(start, start + bytes)
    start += part.byteLength
    if (start < piece.byteLength) return part
    start = 0
    first++
    // Not one by one: a sender of single bytes would have all waiting chunks moved for each.
    if (first * 2 >= pieces.length) {
      pieces = pieces.slice(first)
      first = 0
    }
    return part
  }

  /** Takes the length, once all of it is there. */
  function takeLength(): number | undefined {
    const most = Math.min(held, MAX_LENGTH_BYTES)
    let bytes = 1
    while (bytes <= most && byteAt(bytes - 1) >= 0x80) bytes++
    if (bytes > MAX_LENGTH_BYTES) throw new MayflyError('ERR_BAD_FRAME', `A frame's length has at most ${MAX_LENGTH_BYTES} bytes`)
    if (bytes > held) return undefined
    const value = decodeVarint(take(bytes), 0)
    if (encodingLength(value) < bytes) throw new MayflyError('ERR_BAD_FRAME', "A frame's length is written in as few bytes as it needs")
    return value
  }

  function byteAt(index: number): number {
    let at = start + index
    for (let i = first; i < pieces.length; i++) {
      const piece = pieces[i] as Uint8Array
      if (at < piece.byteLength) return piece[at] ?? 0
      at -= piece.byteLength
    }
    return 0
  }

  return {
    /** Received bytes; they are kept, not copied. */
    push(bytes: Uint8Array | Uint8ArrayList) {
      for (const piece of bytes instanceof Uint8Array ? [bytes] : bytes) {
        if (piece.byteLength === 0) continue
        pieces.push(piece)
        held += piece.byteLength
      }
    },
    /**
     * The next frame without its length, when all of it has come.
     *
     * @throws {MayflyError} ERR_LIMIT, once its length is known to be over the limit; ERR_BAD_FRAME, when its length is none
     */
    next(): Uint8Array | undefined {
      length ??= takeLength()
      if (length === undefined) return undefined
      if (length > maxFrameBytes) throw new MayflyError('ERR_LIMIT', `A frame of ${length} bytes is over the limit of ${maxFrameBytes}`)
      if (held < length) return undefined
      const frame = length === 0 ? new Uint8Array() : take(length)
      length = undefined
      return frame
    },
  }
}
