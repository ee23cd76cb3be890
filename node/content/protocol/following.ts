/** Hears which pieces another peer has, now and as they come. The stream that it comes on is opened by `asking.ts`. */

import type { FrameStream } from '../../network/index.ts'
import type { AbortOptions, Key } from '../../types.ts'
import { decodePieceSet, type PieceSet } from '../format/piece-set.ts'
import { encodeContent, type MorePiecesFrame, type NoContent, type PiecesFrame } from './wire.ts'

export interface FollowedContent {
  key: Key
  /** The SHA-256 of its outline. */
  outline: Key
  pieceCount: number
}

/** How it ended: nothing more can come, a reason why there is nothing, how the answer broke the rules, or why nobody could be asked. */
export type FollowEnd = { isComplete: true } | { none: NoContent } | { broken: string } | { unreachable: string }

export interface Follow {
  onFrame(frame: PiecesFrame | MorePiecesFrame): void
  done(end: FollowEnd): void
}

export interface FollowChannel {
  frames: FrameStream
  /** By id. Bounded by whom the swarms of this peer follow. */
  follows: Map<number, Follow>
}

/**
 * Resolves when the peer has all pieces, is gone, or has nothing that could be followed.
 *
 * @param onPieces hears the numbers that are new: each once, of pieces that there are
 * @param stallMs how long the first answer may take
 * @throws signal.reason, when aborted
 */
export function followPieces(
  opening: Promise<FollowChannel>,
  id: number,
  { key, outline, pieceCount }: FollowedContent,
  onPieces: (indexes: number[]) => void,
  stallMs: number,
  { signal }: Required<AbortOptions>,
): Promise<FollowEnd> {
  return new Promise((resolve, reject) => {
    let channel: FollowChannel | undefined
    const hearing = createHearing(pieceCount)
    const over = new AbortController()
    const end = () => {
      over.abort()
      clearTimeout(timer)
      channel?.follows.delete(id)
    }
    const cancel = () => channel?.follows.has(id) && channel.frames.send(encodeContent({ type: 'cancel', id }))
    const done = (result: FollowEnd) => {
      if ('broken' in result) cancel()
      end()
      resolve(result)
    }
    const timer = setTimeout(() => done({ broken: `nothing arrived for ${stallMs} ms` }), stallMs)
    const onFrame = (frame: PiecesFrame | MorePiecesFrame) => {
      const fresh = hearing.hear(frame)
      if (fresh === undefined) return done({ broken: `pieces that are none of the ${pieceCount}, or were told before` })
      clearTimeout(timer)
      onPieces(fresh)
      if (hearing.isComplete) done({ isComplete: true })
    }
    const onAbort = () => {
      cancel()
      end()
      reject(signal.reason)
    }
    opening.then(
      (opened) => {
        if (over.signal.aborted) return
        channel = opened
        opened.follows.set(id, { onFrame, done })
        if (!opened.frames.send(encodeContent({ type: 'follow-pieces', id, key, outline }))) done({ unreachable: 'the stream has ended' })
      },
      (error: unknown) => done({ unreachable: error instanceof Error ? error.message : String(error) }),
    )
    if (signal.aborted) return onAbort()
    signal.addEventListener('abort', onAbort, { once: true, signal: over.signal })
  })
}

/** Each frame must tell something new, so that there are no more of them than pieces. */
function createHearing(pieceCount: number) {
  /** Undefined before the first frame. */
  let pieces: PieceSet | undefined
  return {
    get isComplete() {
      return pieces?.isFull === true
    },
    /** The pieces that are new; undefined when the frame breaks the rules. */
    hear(frame: PiecesFrame | MorePiecesFrame): number[] | undefined {
      if ((frame.type === 'pieces') !== (pieces === undefined)) return undefined
      if (frame.type === 'more-pieces') return frame.indexes.every((index) => pieces?.add(index)) ? frame.indexes : undefined
      try {
        const told = decodePieceSet(frame.bitmap, pieceCount)
        pieces = told
        return Array.from({ length: pieceCount }, (_, index) => index).filter((index) => told.has(index))
      } catch {
        return undefined
      }
    },
  }
}
