/**
 * Sends the frames of a session in order without filling it: after some bytes it asks the session for room, and keeps later frames back until there
 * is some. A frame that goes out at once costs one addition more than `session.send`.
 */

import { inNextTurn } from '../../async/turn.ts'
import type { Frame } from '../../network/index.ts'
import type { Session } from '../way/types.ts'

/** Bytes sent between two questions for room. */
const ASK_BYTES = 65_536
/** Bytes of a frame apart from its data. */
const FRAME_BYTES = 32

export type SessionSender = ReturnType<typeof createSessionSender>

/** @param maxQueuedBytes of frames that are kept back; `send` refuses more */
export function createSessionSender(session: Session, maxQueuedBytes: number) {
  let sentBytes = 0
  let isBlocked = false
  /** Bounded: maxQueuedBytes. */
  let queue: { frame: Frame; bytes: number }[] = []
  let queuedBytes = 0
  /** Bounded by the callers of `ready`. */
  const waiting = new Set<(isOpen: boolean) => void>()

  function settle(isOpen: boolean): void {
    for (const resolve of waiting) resolve(isOpen)
    waiting.clear()
  }

  function transmit(frame: Frame, bytes: number): void {
    session.send(frame)
    sentBytes += bytes
    if (sentBytes < ASK_BYTES) return
    sentBytes = 0
    isBlocked = true
    // A corked session writes when the turn has ended: only then does it know how much room there is.
    inNextTurn(() => session.writable().then(flush))
  }

  function flush(isOpen: boolean): void {
    isBlocked = false
    const frames = queue
    queue = []
    if (!isOpen) queuedBytes = 0
    for (const [index, { frame, bytes }] of frames.entries()) {
      if (!isOpen) break
      if (isBlocked) {
        queue = frames.slice(index)
        break
      }
      queuedBytes -= bytes
      transmit(frame, bytes)
    }
    if (!isBlocked) settle(isOpen)
  }

  return {
    /** Frames are kept back. */
    get isBlocked() {
      return isBlocked
    },
    /** False when too much waits, and the frame was not taken. A frame for a session that has ended is lost, as its owner hears by `onEnd`. */
    send(frame: Frame, dataBytes: number): boolean {
      const bytes = dataBytes + FRAME_BYTES
      if (!isBlocked) {
        transmit(frame, bytes)
        return true
      }
      if (queuedBytes + bytes > maxQueuedBytes) return false
      queuedBytes += bytes
      queue.push({ frame, bytes })
      return true
    },
    /** Resolves when no frame is kept back; false when the session has ended. */
    ready(): Promise<boolean> {
      if (!session.open) return Promise.resolve(false)
      if (!isBlocked) return Promise.resolve(true)
      return new Promise((resolve) => waiting.add(resolve))
    },
  }
}
