/** Follows the pieces that another peer has, now and as they come. */

import type { AbortOptions, Key } from '../../types.ts'
import { decodePieceSet, type PieceSet } from '../format/piece-set.ts'
import { type ContentStream, type RequestFailure, sendRequest } from './content-streams.ts'
import type { MorePiecesFrame, PiecesFrame } from './wire.ts'

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
  /** Undefined before the first frame. */
  let pieces: PieceSet | undefined

  /** The new pieces; undefined when the frame breaks the rules. Each frame must bring news, so that there are no more frames than pieces. */
  function add(frame: PiecesFrame | MorePiecesFrame): number[] | undefined {
    if (frame.type === 'more-pieces') return frame.indexes.every((index) => pieces?.add(index)) ? frame.indexes : undefined
    if (pieces !== undefined) return undefined
    try {
      const there = decodePieceSet(frame.bitmap, pieceCount)
      pieces = there
      return Array.from({ length: pieceCount }, (_, index) => index).filter((index) => there.has(index))
    } catch {
      return undefined
    }
  }

  return sendRequest(
    opening,
    { type: 'follow-pieces', key, outline },
    (reply, idle) => {
      if (reply.type !== 'pieces' && reply.type !== 'more-pieces') return undefined
      const fresh = add(reply)
      if (fresh === undefined) return { broken: `pieces that are none of the ${pieceCount}, or were reported before` }
      idle.end()
      onPieces(fresh)
      return pieces?.isFull ? { isComplete: true as const } : undefined
    },
    stallMs,
    signal,
  )
}
