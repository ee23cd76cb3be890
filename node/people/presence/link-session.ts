/**
 * One session of a link. The frames that wait to be sent are bounded, since of each state only the newest waits; a sender of too many frames is
 * read more slowly. Between a node and its peer it proves now and then that the other end still answers.
 */

import { createRecentMap } from '../../async/recent-map.ts'
import { createTokenBucket } from '../../async/token-bucket.ts'
import { MayflyError } from '../../errors.ts'
import { encodeKeyHex } from '../../keys/index.ts'
import { decodeLinkFrame, encodeLinkFrame, LINK_LIMITS, type LinkFrame, type StateFrame } from '../format/link-frames.ts'
import type { Session } from '../way/types.ts'

/** Frames but states, pings and pongs. */
export type LinkedFrame = Exclude<LinkFrame, StateFrame | { type: 'ping' | 'pong' }>

export interface LinkSessionListener {
  onFrame(frame: LinkedFrame): void
  onState(frame: StateFrame): void
  onEnd(reason: Error | undefined): void
}

/**
 * Between two pings, in ms. The end that was dialled hears from its port's heartbeat that the dialler is gone; the dialler of a node whose process
 * stands still hears nothing at all. Relayed sessions need none: the homes look after their tabs.
 */
const PING_MS = 4_000
/** Unanswered pings after which the other end is gone: 12 s at most, so that the events are told within 15 s. */
const MAX_UNANSWERED = 2
/** How long the other end may take to answer after this process has slept, in ms. */
const AWAKE_MS = 3_000
/** Frames per second that are read for long, and at once. */
const FRAMES = { perSecond: 100, burst: 1_000 }
/** Frames that may wait to be sent: a whole contacts book, and more. */
const MAX_WAITING = 1_024

export type LinkSession = ReturnType<typeof createLinkSession>

/** @param now monotonic clock, in ms */
export function createLinkSession(session: Session, listener: LinkSessionListener, now: () => number) {
  /** States that the other end shows, by circle. */
  const shown = createRecentMap<string, StateFrame>({ maxEntries: LINK_LIMITS.maxRooms + 1 })
  /** The newest state of each circle that was not sent yet. Bounded: the rooms. */
  const states = new Map<string, StateFrame>()
  let waiting: LinkFrame[] = []
  let isSending = false
  let isHeard = false
  let unanswered = 0
  let pinging: ReturnType<typeof setInterval> | undefined
  let waking: ReturnType<typeof setTimeout> | undefined
  let slow: ReturnType<typeof setTimeout> | undefined
  const reading = createTokenBucket({ ...FRAMES, now })

  const write = (frame: LinkFrame) => session.send(encodeLinkFrame(frame))

  async function sendWaiting(): Promise<void> {
    if (isSending) return
    isSending = true
    while (waiting.length > 0 || states.size > 0) {
      if (!(await session.writable())) break
      const frame = waiting.shift() ?? takeState()
      if (frame !== undefined) write(frame)
    }
    isSending = false
  }

  function takeState(): StateFrame | undefined {
    for (const [circle, frame] of states) {
      states.delete(circle)
      return frame
    }
    return undefined
  }

  /** @param frame undefined for one of a later version */
  function onFrame(frame: LinkFrame | undefined): void {
    isHeard = true
    unanswered = 0
    clearTimeout(waking)
    waking = undefined
    const waitMs = reading.spend(1)
    if (waitMs > 0) {
      session.pause()
      slow ??= setTimeout(() => {
        slow = undefined
        session.resume()
      }, waitMs)
    }
    if (frame === undefined) return
    switch (frame.type) {
      case 'pong':
        break
      case 'ping':
        write({ type: 'pong' })
        break
      case 'state':
        shown.set(circleOf(frame.room), frame)
        listener.onState(frame)
        break
      default:
        listener.onFrame(frame)
    }
  }

  session.onFrame((frame) => onFrame(decodeLinkFrame(frame)))
  session.onEnd((reason) => {
    clearInterval(pinging)
    clearTimeout(waking)
    clearTimeout(slow)
    waiting = []
    states.clear()
    listener.onEnd(reason)
  })
  if (session.kind === 'socket' && session.direction === 'outbound') {
    pinging = setInterval(() => {
      if (unanswered++ >= MAX_UNANSWERED) session.abort(new MayflyError('ERR_TIMEOUT', 'The other end of the link does not answer'))
      else write({ type: 'ping' })
    }, PING_MS)
  }

  return {
    direction: session.direction,
    remote: session.remote,
    /** True when a frame has come. */
    get isHeard() {
      return isHeard
    },
    /** The newest state that it has told of the circle. */
    shown: (circle: string) => shown.peek(circle),
    forgetShown: (circle: string) => shown.delete(circle),
    send(frame: LinkFrame) {
      if (frame.type === 'state') states.set(circleOf(frame.room), frame)
      else waiting.push(frame)
      if (waiting.length > MAX_WAITING)
        session.abort(new MayflyError('ERR_LIMIT', `Link ended: more than ${MAX_WAITING} frames were waiting to be sent`))
      else void sendWaiting()
    },
    /** This process has slept: the other end may be long gone, with nobody left to say so. */
    check() {
      write({ type: 'ping' })
      waking ??= setTimeout(
        () => session.abort(new MayflyError('ERR_TIMEOUT', 'The other end of the link has not answered after a sleep')),
        AWAKE_MS,
      )
    },
    /** Frames that wait are sent before: a place may learn so that it was revoked. */
    close() {
      for (const frame of waiting) write(frame)
      waiting = []
      session.close()
    },
    abort: session.abort,
  }
}

/** Names a circle: the room's key in hex, or the empty text for contacts and own instances. */
export const circleOf = (room: Uint8Array | undefined) => (room === undefined ? '' : encodeKeyHex(room))
