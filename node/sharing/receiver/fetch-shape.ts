/** The content of an entry as it travels, and whether what its sharer says of it adds up. Pure. */

import { pieceBytesFor, sealedBytes } from '../../content/index.ts'
import { MayflyError } from '../../errors.ts'
import type { ListedEntry } from '../format/share-entry.ts'
import type { FetchShape } from '../types.ts'

export type ReadyEntry = ListedEntry & { hash: string }

export const otherSize = () => new MayflyError('ERR_UNAVAILABLE', 'It is not of the size that its sharer says: nothing of it is kept')

/** The bytes that travel are as many as the file that was promised has. @throws {MayflyError} ERR_UNAVAILABLE */
export function mustAddUp({ size, travelSize, linkKey }: ListedEntry): void {
  if (travelSize !== (linkKey === undefined ? size : sealedBytes(size))) throw otherSize()
}

export function shapeOf({ hash, outline, travelSize, linkKey, size }: ReadyEntry): FetchShape {
  return { hash, size: travelSize, pieceBytes: outline ? pieceBytesFor(travelSize) : travelSize, linkKey, plainSize: size }
}

/** Bytes of the pieces that a store has: a bit for each, the first in the highest bit of the first byte. */
export function bytesThere(have: Uint8Array, size: number, pieceBytes: number = pieceBytesFor(size)): number {
  let bytes = 0
  for (let index = 0; index * pieceBytes < size; index++)
    if (hasPiece(have, index)) bytes += Math.min(pieceBytes, size - index * pieceBytes)
  return bytes
}

export const hasPiece = (have: Uint8Array, index: number): boolean => ((have[index >> 3] ?? 0) & (0x80 >> (index & 7))) !== 0
