/**
 * How much one connection may carry that carries nothing: a token bucket. A peer that is over it is to be slowed, and cut when it goes on.
 * Both the websocket and the muxer above it count what they answer, or drop, by themselves.
 */

import { createTokenBucket } from '../async/token-bucket.ts'
import { MayflyError } from '../errors.ts'

export const FRAME_ALLOWANCE_DEFAULTS = {
  /** Frames that carry nothing, at once. An honest tab sends some 40 as it joins, and a few each minute. */
  burst: 2_048,
  /** Such frames per second, for long. Answering one costs some 30 µs, so that one stranger takes less than a hundredth of a core. */
  perSecond: 256,
  /** So long a peer is slowed, in ms, until it is cut. It begins anew when the peer has been quiet for as long as a full burst takes. */
  maxSlowedMs: 5_000,
}

export type FrameAllowanceOptions = Partial<typeof FRAME_ALLOWANCE_DEFAULTS>

/** A data frame that is sent answers, or will be answered by, at most so many without data: a window update, and a part of a stream's begin and end. */
const EARNED = 2

/** Pauses are not shorter, in ms: a peer over its allowance is not worth a timer for each frame. */
const MIN_PAUSE_MS = 50

/** @param now clock, in ms; any origin */
export function createFrameAllowance(options: FrameAllowanceOptions = {}, now: () => number = () => performance.now()) {
  const { burst, perSecond, maxSlowedMs } = { ...FRAME_ALLOWANCE_DEFAULTS, ...options }
  const bucket = createTokenBucket({ burst, perSecond, now })
  let slowedMs = 0
  return {
    /**
     * Counts a frame that carries nothing.
     *
     * @returns after how many ms the next may be read; 0 when at once
     * @throws {MayflyError} ERR_LIMIT, when the peer was slowed and did not mend
     */
    spend(): number {
      if (slowedMs > 0 && bucket.isFull) slowedMs = 0
      const owedMs = bucket.spend(1)
      if (owedMs === 0) return 0
      const pauseMs = Math.max(owedMs, MIN_PAUSE_MS)
      slowedMs += pauseMs
      if (slowedMs > maxSlowedMs) {
        throw new MayflyError('ERR_LIMIT', `Connection ended: over ${perSecond} empty frames per second for ${maxSlowedMs} ms`)
      }
      return pauseMs
    },
    /** Counts a data frame that was sent to the peer. */
    earn: () => void bucket.spend(-EARNED),
  }
}
