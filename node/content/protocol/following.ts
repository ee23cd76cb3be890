/** Follows the pieces that another peer has, now and as they come. */

import type { AbortOptions, Key } from '../../types.ts'
import { decodePieceSet, type PieceSet } from '../format/piece-set.ts'
import { type ContentStream, type RequestFailure, sendRequest } from './content-streams.ts'
import type { ReplyFrame } from './wire.ts'

export interface FollowedContent {
  key: Key
  /** The SHA-256 of its outline. */
  outline: Key
  pieceCount: number
}

/** The peer has all pieces, or a failure. */
export type FollowEnd = { isComplete: true } | RequestFailure

/**
 * Resolves when the peer has all pieces, has left, or has nothing to follow.
 *
 * @param onPieces hears the numbers of new pieces, each once, of pieces that exist
 * @param stallMs how long the first reply may take
 * @throws signal.reason, when aborted
 */
export function followPieces(
  opening: Promise<ContentStream>,
  { key, outline, pieceCount }: FollowedContent,
  onPieces: (indexes: number[]) => void,
  stallMs: number,
  { signal }: Required<AbortOptions>,
): Promise<FollowEnd> {
  const report = createPieceReport(pieceCount)
  return sendRequest<{ isComplete: true }>(
    opening,
    {
      frame: { type: 'follow-pieces', key, outline },
      stallMs,
      onReply(reply, idle) {
        const fresh = report.add(reply)
        if (fresh === undefined) return { broken: `pieces that are none of the ${pieceCount}, or were reported before` }
        idle.end()
        onPieces(fresh)
        return report.isComplete ? { isComplete: true } : undefined
      },
    },
    signal,
  )
}

/** Requires news of each frame, so that there are no more frames than pieces. */
function createPieceReport(pieceCount: number) {
  /** Undefined before the first frame. */
  let pieces: PieceSet | undefined
  return {
    get isComplete() {
      return pieces?.isFull === true
    },
    /** The new pieces; undefined when the frame breaks the rules. */
    add(frame: ReplyFrame): number[] | undefined {
      if (frame.type === 'more-pieces') return frame.indexes.every((index) => pieces?.add(index)) ? frame.indexes : undefined
      if (frame.type !== 'pieces' || pieces !== undefined) return undefined
      try {
        const there = decodePieceSet(frame.bitmap, pieceCount)
        pieces = there
        return Array.from({ length: pieceCount }, (_, index) => index).filter((index) => there.has(index))
      } catch {
        return undefined
      }
    },
  }
}
