/**
 * Queue of received bytes. Chunks are kept as they came, and taken out without moving those that wait; only what spans several is copied.
 * Small chunks that have to wait are put together, since a sender of single bytes would otherwise fill the memory with their descriptions.
 */

import type { Uint8ArrayList } from 'uint8arraylist'

/** A chunk below this is copied when it has to wait. */
const SMALL_BYTES = 512
const BLOCK_BYTES = 4_096

export type ByteQueue = ReturnType<typeof createByteQueue>

export function createByteQueue() {
  /** Data begins at `pieces[first][start]`. No piece is empty. */
  let pieces: Uint8Array[] = []
  let first = 0
  let start = 0
  let held = 0
  /** Where small chunks go: the last piece ends at `used` in it, while there is one. */
  let block: Uint8Array | undefined
  let used = 0

  function keep(piece: Uint8Array): void {
    const isAlone = held === 0
    held += piece.byteLength
    if (isAlone || piece.byteLength >= SMALL_BYTES) {
      pieces.push(piece)
      block = undefined
      return
    }
    if (block === undefined || used + piece.byteLength > block.byteLength) {
      block = new Uint8Array(BLOCK_BYTES)
      used = 0
      pieces.push(block.subarray(0, 0))
    }
    block.set(piece, used)
    used += piece.byteLength
    const last = pieces[pieces.length - 1] as Uint8Array
    pieces[pieces.length - 1] = block.subarray(last.byteOffset, used)
  }

  /** Of one piece, so many bytes at most. */
  function takePart(bytes: number): Uint8Array {
    const piece = pieces[first] as Uint8Array
    const part = piece.subarray(start, start + bytes)
    start += part.byteLength
    held -= part.byteLength
    if (start < piece.byteLength) return part
    start = 0
    first++
    if (held === 0) block = undefined
    // Not one by one: that would move all waiting pieces for each.
    if (first * 2 >= pieces.length) {
      pieces = pieces.slice(first)
      first = 0
    }
    return part
  }

  return {
    get byteLength() {
      return held
    },
    /** Received bytes; they are kept, not copied, unless they are few. */
    push(bytes: Uint8Array | Uint8ArrayList) {
      for (const piece of bytes instanceof Uint8Array ? [bytes] : bytes) if (piece.byteLength > 0) keep(piece)
    },
    /** The byte at this place; 0 behind the end. */
    at(index: number): number {
      let at = start + index
      for (let i = first; i < pieces.length; i++) {
        const piece = pieces[i] as Uint8Array
        if (at < piece.byteLength) return piece[at] ?? 0
        at -= piece.byteLength
      }
      return 0
    },
    /** As many bytes as are held, at most. */
    take(bytes: number): Uint8Array {
      const most = Math.min(bytes, held)
      if (most === 0) return new Uint8Array()
      const part = takePart(most)
      if (part.byteLength === most) return part
      const whole = new Uint8Array(most)
      whole.set(part)
      for (let at = part.byteLength; at < most; ) {
        const next = takePart(most - at)
        whole.set(next, at)
        at += next.byteLength
      }
      return whole
    },
  }
}
