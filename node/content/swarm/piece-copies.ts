/** How many downloaders among the members of a swarm have each piece; and a feed of the pieces that any of them has. */

import { createEmitter } from '../../async/emitter.ts'
import { type PieceFeed, PieceSet } from '../format/piece-set.ts'

export function createPieceCopies(count: number) {
  const copies = new Uint16Array(count)
  const pieces = new PieceSet(count)
  const news = createEmitter<number | undefined>()
  const feed: PieceFeed = { pieces, onPiece: news.on }

  return {
    feed,
    of: (index: number) => copies[index] ?? 0,
    add(index: number): void {
      copies[index] = (copies[index] ?? 0) + 1
      if (pieces.add(index)) news.emit(index)
    },
    /** A piece of which no copy is left ends the feed: peers that follow it find the rest anew. */
    remove(gone: PieceSet): void {
      const before = pieces.size
      for (let index = 0; index < count; index++) {
        if (!gone.has(index)) continue
        copies[index] = (copies[index] ?? 1) - 1
        if (copies[index] === 0) pieces.delete(index)
      }
      if (pieces.size < before) news.emit(undefined)
    },
    endFeed: () => news.emit(undefined),
  }
}
