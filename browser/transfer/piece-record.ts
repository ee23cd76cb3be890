/** A bitmap of the received pieces of a file. It is stored behind the file's bytes, and passed to the library. */

/** How a file is split into pieces. */
export interface FileShape {
  /** In bytes. */
  size: number
  /** Size of each piece but the last, in bytes. */
  pieceBytes: number
}

export class PieceRecord {
  readonly shape: FileShape
  /** One bit for each piece. The first piece is the highest bit of the first byte. */
  readonly bits: Uint8Array<ArrayBuffer>
  #doneBytes = 0

  /** @param bits used, not copied, when they fit the shape; otherwise the record is empty */
  constructor(shape: FileShape, bits?: Uint8Array<ArrayBuffer>) {
    this.shape = shape
    const bytes = recordBytes(shape)
    this.bits = bits?.byteLength === bytes ? bits : new Uint8Array(bytes)
    for (let index = 0; index < pieceCount(shape); index++) if (this.has(index)) this.#doneBytes += this.sizeOf(index)
  }

  /** Received bytes. */
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

  /** Size of one piece, in bytes. */
  sizeOf(index: number): number {
    const { size, pieceBytes } = this.shape
    return Math.min(pieceBytes, size - index * pieceBytes)
  }

  /** Offset of a piece, in bytes. */
  offsetOf(index: number): number {
    return index * this.shape.pieceBytes
  }
}

export function pieceCount({ size, pieceBytes }: FileShape): number {
  return Math.ceil(size / pieceBytes)
}

/** Length of the record of a file, in bytes. */
export function recordBytes(shape: FileShape): number {
  return Math.ceil(pieceCount(shape) / 8)
}
