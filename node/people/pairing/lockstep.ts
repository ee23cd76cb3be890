/** A way on which both ends speak in turns: frames are awaited one by one, each within a time. */

import { createTimeout, raceAbort } from '../../async/abort.ts'
import { MayflyError } from '../../errors.ts'
import type { AbortOptions } from '../../types.ts'
import { decodePairingFrame, encodePairingFrame, MAX_SEALED_CARD_BYTES, type PairingFrame } from '../format/pairing-frames.ts'
import type { Way } from '../way/types.ts'

/** How many frames may come before the first is read: the other end does not wait for its turn. */
const MAX_WAITING = 2
/** The largest frame is a tag and a card. */
const MAX_FRAME_BYTES = MAX_SEALED_CARD_BYTES + 128
const MAX_UNSENT_BYTES = 65_536

export type Lockstep = ReturnType<typeof createLockstep>

/** To be called at once when the way is there, before anything is awaited. */
export function createLockstep(way: Way, { turnMs }: { turnMs: number }) {
  /** Bounded: MAX_WAITING. */
  const waiting: PairingFrame[] = []
  let wake: (event: undefined) => void = () => {}
  let end: { reason: Error | undefined } | undefined

  const frames = way.createFrames({
    maxFrameBytes: MAX_FRAME_BYTES,
    maxUnsentBytes: MAX_UNSENT_BYTES,
    onFrame(frame) {
      waiting.push(decodePairingFrame(frame)) // bytes that are no frame end the way
      if (waiting.length > MAX_WAITING) throw new MayflyError('ERR_BAD_FRAME', 'Frames of a pairing came out of turn')
      wake(undefined)
    },
    onEnd(reason) {
      end = { reason }
      wake(undefined)
    },
  })

  /** @throws {MayflyError} ERR_TIMEOUT, and signal.reason when aborted */
  async function someEvent(signal: AbortSignal | undefined): Promise<void> {
    const timeout = createTimeout(turnMs)
    try {
      const either = signal === undefined ? timeout.signal : AbortSignal.any([signal, timeout.signal])
      await raceAbort(new Promise<undefined>((resolve) => (wake = resolve)), either)
    } catch (error) {
      if (!timeout.signal.aborted) throw error
      throw new MayflyError('ERR_TIMEOUT', `The other side did not answer in ${turnMs / 1_000} s`, { cause: error })
    } finally {
      timeout.end()
    }
  }

  return {
    send: (frame: PairingFrame) => frames.send(encodePairingFrame(frame)),
    /** @throws {MayflyError} ERR_LEFT, when the way ends first; ERR_TIMEOUT */
    async next({ signal }: AbortOptions = {}): Promise<PairingFrame> {
      for (;;) {
        signal?.throwIfAborted()
        const frame = waiting.shift()
        if (frame !== undefined) return frame
        if (end !== undefined)
          throw new MayflyError('ERR_LEFT', 'The other side left before the pairing was finished', { cause: end.reason })
        await someEvent(signal)
      }
    },
    /** Sends what is queued, then closes. */
    close: frames.close,
    abort: frames.abort,
  }
}
