/** Which pieces of a file are there, in the form in which it is written behind the file's bytes and told to the library. */

/** How a file is cut. */
export interface FileShape {
  /** In bytes. */
  size: number
  /** Of each piece but the last, in bytes. */
  pieceBytes: number
}

export class PieceRecord {
  readonly shape: FileShape
  /** A bit for each piece, the first in the highest bit of the first byte. */
  readonly bits: Uint8Array<ArrayBuffer>
  #doneBytes = 0

  /** @param bits taken over, when they are as many as the shape has pieces; else nothing is there */
  constructor(shape: FileShape, bits?: Uint8Array<ArrayBuffer>) {
    this.shape = shape
    const bytes = recordBytes(shape)
    this.bits = bits?.byteLength === bytes ? bits : new Uint8Array(bytes)
    for (let index = 0; index < pieceCount(shape); index++) if (this.has(index)) this.#doneBytes += this.sizeOf(index)
  }

  /** How much of the file is there, in bytes. */
  get doneBytes(): number {
    return this.#doneBytes
  }

  get isComplete(): boolean {
    return this.#doneBytes === this.shape.size
  }

  has(index: number): boolean {
    return ((this.bits[index >> 3] ?? 0) & (0x80 >> (index & 7))) !== 0
  }

  add(index: number): void {
    if (this.has(index)) return
    this.bits[index >> 3] = (this.bits[index >> 3] ?? 0) | (0x80 >> (index & 7))
    this.#doneBytes += this.sizeOf(index)
  }

  /** Of one piece, in bytes. */
  sizeOf(index: number): number {
    const { size, pieceBytes } = this.shape
    return Math.min(pieceBytes, size - index * pieceBytes)
  }

  /** Where one begins, in bytes. */
  offsetOf(index: number): number {
    return index * this.shape.pieceBytes
  }
}

export function pieceCount({ size, pieceBytes }: FileShape): number {
  return Math.ceil(size / pieceBytes)
}

/** How long the record of such a file is, in bytes. */
export function recordBytes(shape: FileShape): number {
  return Math.ceil(pieceCount(shape) / 8)
}
