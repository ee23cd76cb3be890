/** Pieces in memory, for a receiver in a test. */

import { PieceSet } from '../../node/content/format/piece-set.ts'
import type { PieceStore } from '../../node/index.ts'

export interface MemoryPieceStore extends PieceStore {
  /** By number. */
  readonly pieces: Map<number, Uint8Array>
  /** All of them, one after the other. */
  whole(): Uint8Array
}

/** @param before pieces that an earlier run has left */
export function createMemoryPieceStore(count: number, before: Iterable<[number, Uint8Array]> = []): MemoryPieceStore {
  const pieces = new Map(before)
  return {
    pieces,
    get have() {
      const have = new PieceSet(count)
      for (const index of pieces.keys()) have.add(index)
      return have.encode()
    },
    async write(index, bytes) {
      if (pieces.has(index)) throw new Error(`piece ${index} was written before`)
      pieces.set(index, bytes)
    },
    async read(index) {
      const bytes = pieces.get(index)
      if (bytes === undefined) throw new Error(`piece ${index} is not there`)
      return bytes
    },
    whole: () => Buffer.concat(Array.from({ length: count }, (_, index) => pieces.get(index) ?? new Uint8Array())),
  }
}
