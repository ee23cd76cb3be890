/**
 * The session of a channel, and each that carries the channel on: from the homes to a direct connection. Each end says in the old session that it has
 * moved, and sends in the new one from then on; it reads the new one once the other end has said so. The end that opened the channel moves first. So
 * all frames arrive once, in order.
 */

import { MayflyError } from '../../errors.ts'
import { type ChannelFrame, decodeChannelFrame, encodeChannelFrame } from '../format/channel-frames.ts'
import type { Session } from '../way/types.ts'
import { createSessionSender } from './session-sender.ts'

export interface MovingSessionListener {
  onFrame(frame: Exclude<ChannelFrame, { type: 'moved' }>): void
  /** Called once. No reason: one of the ends was done. */
  onEnd(reason: Error | undefined): void
}

export type MovingSession = ReturnType<typeof createMovingSession>

/** @param maxWaitingBytes of frames that are kept back; `send` refuses more */
export function createMovingSession(first: Session, maxWaitingBytes: number, listener: MovingSessionListener) {
  /** The session in which this end sends, and the one that it reads. */
  let session = first
  let source = first
  /** The one that is to carry the channel on, and the one before, until both ends have moved. */
  let next: Session | undefined
  let left: Session | undefined
  let sender = createSessionSender(session, maxWaitingBytes)
  let isClosing = false
  let isOver = false

  const send = (frame: ChannelFrame, dataBytes = 0) => sender.send(encodeChannelFrame(frame), dataBytes)

  /** Resolves when no frame is kept back; false when it has ended. */
  async function ready(): Promise<boolean> {
    // It may move meanwhile.
    while (sender.isBlocked) if (!(await sender.ready())) return false
    return !isOver && session.open
  }

  function listenTo(read: Session): void {
    read.onFrame((raw) => {
      const frame = decodeChannelFrame(raw)
      if (frame.type === 'moved') readNext()
      else listener.onFrame(frame)
    })
  }

  function watch(used: Session): void {
    used.onEnd((reason) => {
      if (used === next && session !== next && source !== next) stay()
      else if (used === session || used === source) finish(reason)
    })
  }

  /** The other end has moved. */
  function readNext(): void {
    if (next === undefined || source === next) throw new MayflyError('ERR_BAD_FRAME', 'The channel was moved, and no session carries it on')
    source = next
    listenTo(source)
    if (session === source) settle()
    else void leave(source)
  }

  /** Sends in the next session, once all that is kept back has gone. */
  async function leave(to: Session): Promise<void> {
    if (!(await ready()) || next !== to) return
    send({ type: 'moved' })
    session = to
    sender = createSessionSender(session, maxWaitingBytes)
    if (source === to) settle()
  }

  /** Both ends have moved: the end that opened the session before closes it. */
  function settle(): void {
    if (left?.direction === 'outbound') left.close()
    stay()
  }

  function stay(): void {
    next = undefined
    left = undefined
    if (isClosing) void closeSession()
  }

  async function closeSession(): Promise<void> {
    await ready()
    session.close()
  }

  function finish(reason: Error | undefined): void {
    if (isOver) return
    isOver = true
    for (const other of [session, source, next, left]) if (other?.open) other.abort(new Error('the channel has ended'))
    listener.onEnd(reason)
  }

  /** False when it cannot move now. */
  function carryOn(by: Session): boolean {
    if (isClosing || isOver || next !== undefined || !session.open || !by.open) {
      by.abort(new MayflyError('ERR_LEFT', 'The channel does not move now'))
      return false
    }
    next = by
    left = source
    watch(by)
    return true
  }

  listenTo(first)
  watch(first)
  return {
    /** The way of the frames that this end sends. */
    get kind() {
      return session.kind
    },
    get open() {
      return !isClosing && !isOver && session.open
    },
    /** False when too much is kept back, and the frame was not taken. */
    send,
    ready,
    pause: () => source.pause(),
    resume: () => source.resume(),
    /** Frames that are kept back are sent first; nothing more is taken from this end. */
    close() {
      isClosing = true
      if (next === undefined) void closeSession()
    },
    abort: (reason: Error) => session.abort(reason),
    /** Moves to a session that this end has opened for that. */
    moveTo(by: Session) {
      if (carryOn(by)) void leave(by)
    },
    /** Takes a session that the other end has opened to carry it on. */
    follow: (by: Session) => void carryOn(by),
  }
}
