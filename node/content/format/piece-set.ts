/** Sets of pieces, as a bitmap. So they travel, and so a store reports its pieces. Pure. */

import { MayflyError } from '../../errors.ts'

/** Pieces that are there, and news of those that come. */
export interface PieceFeed {
  readonly pieces: PieceSet
  /**
   * Calls back with each piece that comes, and once with undefined when the feed ends. Returns a function that removes the listener.
   */
  onPiece(listener: (index: number | undefined) => void): () => void
}

export class PieceSet {
  /** Pieces of the content. */
  readonly count: number
  readonly #bits: Uint8Array
  #size = 0

  /** @param bits the set takes them over; empty when left out */
  constructor(count: number, bits: Uint8Array = new Uint8Array(Math.ceil(count / 8))) {
    this.count = count
    this.#bits = bits
    for (let index = 0; index < count; index++) if (this.has(index)) this.#size++
  }

  /** Pieces in the set. */
  get size(): number {
    return this.#size
  }

  get isFull(): boolean {
    return this.#size === this.count
  }

  has(index: number): boolean {
    return ((this.#bits[index >> 3] ?? 0) & (0x80 >> (index & 7))) !== 0
  }

  /** False when the piece was there already, or does not exist. */
  add(index: number): boolean {
    if (index >= this.count || this.has(index)) return false
    this.#bits[index >> 3] = (this.#bits[index >> 3] ?? 0) | (0x80 >> (index & 7))
    this.#size++
    return true
  }

  /** False when it was not there. */
  delete(index: number): boolean {
    if (!this.has(index)) return false
    this.#bits[index >> 3] = (this.#bits[index >> 3] ?? 0) & ~(0x80 >> (index & 7))
    this.#size--
    return true
  }

  /** A bit for each piece, the first in the highest bit of the first byte; the bits behind the last piece are 0. A copy. */
  encode(): Uint8Array {
    return this.#bits.slice()
  }
}

export function fullPieceSet(count: number): PieceSet {
  const pieces = new PieceSet(count)
  for (let index = 0; index < count; index++) pieces.add(index)
  return pieces
}

/** @throws {MayflyError} ERR_BAD_FRAME when the bits are not the bitmap of `count` pieces */
export function decodePieceSet(bits: Uint8Array, count: number): PieceSet {
  const spare = bits.byteLength * 8 - count
  if (spare < 0 || spare > 7 || ((bits.at(-1) ?? 0) & ((1 << spare) - 1)) !== 0) {
    throw new MayflyError('ERR_BAD_FRAME', `Not the bitmap of ${count} pieces`)
  }
  return new PieceSet(count, bits.slice())
}
