/**
 * One end of a session: the hello of each end, the frames of the topic, and the end mark, by which an end that is done differs from one that was
 * cut off. It drives one frame stream; who is accepted is for sessions.ts to say.
 */

import { createTimeout, onAbort } from '../../async/abort.ts'
import { MayflyError } from '../../errors.ts'
import type { Frame } from '../../network/index.ts'
import { decodeSessionFrame, encodeSessionFrame, type Hello, type SessionFrame, type SessionRefusal } from '../format/hello.ts'
import type { Session, Way } from './types.ts'

export const SESSION_LIMITS = {
  /** The largest frame: a message of a channel, or an item of a call, with what belongs to it. */
  maxFrameBytes: 278_528,
  /** Bytes that may wait to be sent before the other end counts as stuck. */
  maxUnsentBytes: 4_194_304,
  /** How long an end that is done waits for the other to have read all, in ms. */
  lingerMs: 30_000,
} as const

/** Hears what comes before there is a session. */
export interface SessionEndListener {
  /** The stream is paused until `open` is called. */
  onHello(hello: Hello): void
  onRefused(refusal: SessionRefusal): void
  /** It ended before there was a session. */
  onEnd(reason: Error | undefined): void
  /** The stream is over, however it ended. */
  onOver(): void
}

type SessionFacts = Pick<Session, 'remote' | 'topic' | 'answered'>

export type SessionEnd = ReturnType<typeof createSessionEnd>

/** Takes the way over, at once. */
export function createSessionEnd(way: Way, listener: SessionEndListener) {
  let state: 'hello' | 'checking' | 'open' | 'done' | 'ended' = 'hello'
  let onFrame: ((frame: Frame) => void) | undefined
  let onEnd: ((reason: Error | undefined) => void) | undefined
  let ended: { reason: Error | undefined } | undefined
  let isPaused = false
  let lingering: ReturnType<typeof createTimeout> | undefined

  const frames = way.createFrames({
    maxFrameBytes: SESSION_LIMITS.maxFrameBytes,
    maxUnsentBytes: SESSION_LIMITS.maxUnsentBytes,
    isCorked: true,
    onFrame: (raw) => take(raw),
    onEnd(reason) {
      lingering?.end()
      const before = state
      state = 'ended'
      if (before === 'open') tell(reasonOf(reason))
      else if (before !== 'done' && before !== 'ended') listener.onEnd(reason)
      listener.onOver()
    },
  })
  const send = (frame: SessionFrame) => frames.send(encodeSessionFrame(frame))

  function take(raw: Frame): void {
    const frame = decodeSessionFrame(raw)
    if (frame.type === 'end' && (state === 'open' || state === 'done')) finish()
    else if (state === 'open' && frame.type === 'topic') onFrame?.(frame.frame)
    else if (state === 'hello' && frame.type === 'hello') {
      state = 'checking'
      frames.pause()
      listener.onHello(frame)
    } else if (state === 'hello' && frame.type === 'refused') {
      state = 'ended'
      frames.close()
      listener.onRefused(frame)
    } else if (state !== 'done') throw new MayflyError('ERR_BAD_FRAME', `A session's ${frame.type} frame is out of place`)
  }

  /** The other end is done. Its mark came behind all that it sent, and this end's mark tells that all has been read. */
  function finish(): void {
    const before = state
    state = 'ended'
    if (before === 'open') send({ type: 'end' })
    frames.close()
    if (before === 'open') tell(undefined)
  }

  function tell(reason: Error | undefined): void {
    ended = { reason }
    onEnd?.(reason)
  }

  return {
    /** Says who this end is, and what the session is for. */
    sendHello: (hello: Hello) => void send({ type: 'hello', ...hello }),
    /** Ends it with a reason that the other end is told. */
    refuse(refusal: SessionRefusal) {
      if (state !== 'hello' && state !== 'checking') return frames.abort(new MayflyError('ERR_REFUSED', refusal.text))
      state = 'ended'
      send({ type: 'refused', ...refusal })
      frames.close()
    },
    abort: (reason: Error) => frames.abort(reason),
    /** Both ends have proven who they are. Undefined when it has ended meanwhile. */
    open({ remote, topic, answered }: SessionFacts): Session | undefined {
      if (state !== 'checking') return undefined
      state = 'open'
      return {
        remote,
        kind: way.kind,
        direction: way.direction,
        topic,
        answered,
        get open() {
          return state === 'open'
        },
        send: (frame) => state === 'open' && send({ type: 'topic', frame }),
        writable: async (options) => state === 'open' && (await frames.writable(options)) && state === 'open',
        onFrame(own) {
          onFrame = own
          // Later: whoever sets it has not finished yet.
          queueMicrotask(() => {
            if (!isPaused) frames.resume()
          })
        },
        onEnd(own) {
          onEnd = own
          if (ended !== undefined) queueMicrotask(() => own(ended?.reason))
        },
        pause() {
          isPaused = true
          frames.pause()
        },
        resume() {
          isPaused = false
          if (onFrame !== undefined) frames.resume()
        },
        close() {
          if (state !== 'open') return
          state = 'done'
          send({ type: 'end' })
          frames.resume() // for the other's mark
          lingering = createTimeout(SESSION_LIMITS.lingerMs)
          onAbort(lingering.signal, () => frames.close())
          tell(undefined)
        },
        abort(reason) {
          const before = state
          state = 'ended'
          frames.abort(reason)
          if (before === 'open') tell(reason)
        },
      }
    },
  }
}

/** A limit or a bad frame is told as it is; a stream that is over without a mark was cut. */
function reasonOf(reason: Error | undefined): Error {
  if (reason instanceof MayflyError) return reason
  return new MayflyError('ERR_LEFT', 'The other side has gone', { cause: reason })
}
