/** A session for calls, in both directions: sends this end's calls and tells them their answers, and hands the other end's calls to whoever serves them. */

import { MayflyError } from '../../errors.ts'
import { type CallFrame, decodeCallFrame, encodeCallFrame } from '../format/call-frames.ts'
import type { CallError } from '../types.ts'
import type { Session } from '../way/types.ts'
import { createAskedCalls } from './asked-calls.ts'
import type { CallReply, ServedCall } from './served-call.ts'
import { createSessionSender } from './session-sender.ts'

/** Bytes of frames that wait for room, in each direction of one session. */
const MAX_QUEUED_BYTES = 8 * 1_048_576

export interface CallSessionListener {
  /** Undefined when it was refused, and the caller has been told. */
  onCall(session: CallSession, module: string, data: Uint8Array, reply: CallReply): ServedCall | undefined
  /** It takes no more calls of this end, since one of the ends leaves or it has ended. */
  onClosing(session: CallSession): void
  onEnd(session: CallSession): void
}

export type CallSession = ReturnType<typeof createCallSession>

export function createCallSession(session: Session, listener: CallSessionListener, now: () => number) {
  const sender = createSessionSender(session, MAX_QUEUED_BYTES)
  const asked = createAskedCalls(send, onOver)
  /** Calls of the other end. Bounded by the limits of each caller. */
  const served = new Map<number, ServedCall>()
  /** Bounded by the callers of `ping`. */
  const pings = new Map<number, (isAnswered: boolean) => void>()
  let lastServed = 0
  let lastPing = 0
  let usedAtMs = now()
  let hasLeft = false
  let otherHasLeft = false

  function send(frame: CallFrame, dataBytes = 0): boolean {
    return sender.send(encodeCallFrame(frame), dataBytes)
  }

  function onOver(): void {
    usedAtMs = now()
    if (hasLeft) closeWhenDone()
  }

  function leave(): void {
    if (hasLeft || !session.open) return
    hasLeft = true
    listener.onClosing(self)
    send({ type: 'leave' })
    closeWhenDone()
  }

  /** The end that opened it closes it: the other's last frame has come by then. */
  function closeWhenDone(): void {
    if (!hasLeft || !otherHasLeft || session.direction !== 'outbound' || asked.size > 0 || served.size > 0) return
    void sender.ready().then(() => session.close())
  }

  function serve({ id, module, data }: CallFrame & { type: 'call' }): void {
    if (id <= lastServed) throw new MayflyError('ERR_BAD_FRAME', `Call ${id} was sent twice, or out of order`)
    lastServed = id
    let isOver = false
    const last = (frame: CallFrame, dataBytes?: number) => {
      isOver = true
      if (!send(frame, dataBytes))
        session.abort(new MayflyError('ERR_LIMIT', `More than ${MAX_QUEUED_BYTES} bytes of answers waited to be sent`))
      served.delete(id)
      onOver()
    }
    const call = listener.onCall(self, module, data, {
      answer: (answer) => last({ type: 'answer', id, data: answer }, answer.byteLength),
      item: (item) => void send({ type: 'item', id, data: item }, item.byteLength),
      end: () => last({ type: 'end', id }),
      error: (code, text, issues) => last({ type: 'error', id, code, text, issues }),
      ready: sender.ready,
    })
    if (!isOver && call !== undefined) served.set(id, call)
  }

  function take(frame: CallFrame): void {
    switch (frame.type) {
      case 'call':
        serve(frame)
        break
      case 'credit':
        served.get(frame.id)?.grant(frame.bytes)
        break
      case 'abort':
        served.get(frame.id)?.abort(new MayflyError('ERR_LEFT', 'The caller waits no longer'))
        served.delete(frame.id)
        onOver()
        break
      case 'ping':
        send({ type: 'pong', nonce: frame.nonce })
        break
      case 'pong':
        pings.get(frame.nonce)?.(true)
        pings.delete(frame.nonce)
        break
      case 'leave':
        otherHasLeft = true
        leave()
        closeWhenDone()
        break
      default:
        asked.take(frame)
    }
  }

  function end(reason: Error | undefined): void {
    listener.onClosing(self)
    const text = `The other side left before the call had ended${reason === undefined ? '' : `: ${reason.message}`}`
    asked.endAll({ code: 'ERR_LEFT', message: text })
    for (const call of [...served.values()]) call.abort(new MayflyError('ERR_LEFT', text))
    served.clear()
    for (const resolve of pings.values()) resolve(false)
    pings.clear()
    listener.onEnd(self)
  }

  const self = {
    remote: session.remote,
    kind: session.kind,
    /** False when calls of this end need another session. */
    get isUsable() {
      return session.open && !hasLeft && !otherHasLeft
    },
    /** Since when nothing is under way, by the clock; undefined while something is. */
    get idleSinceMs() {
      return asked.size + served.size > 0 ? undefined : usedAtMs
    },
    begin: asked.begin,
    /** Resolves with true when the other end has answered, with false when the session ends before. */
    ping(): Promise<boolean> {
      if (!session.open) return Promise.resolve(false)
      return new Promise((resolve) => {
        const nonce = ++lastPing
        pings.set(nonce, resolve)
        send({ type: 'ping', nonce })
      })
    },
    /** Begins no more calls here, lets those under way end, then closes. */
    leave,
    abort: (reason: Error) => session.abort(reason),
  }
  session.onFrame((frame) => take(decodeCallFrame(frame)))
  session.onEnd(end)
  return self
}

/** How a call fails whose frame was not taken. */
export const TOO_MUCH_WAITS: CallError = {
  code: 'ERR_BUSY',
  message: `More than ${MAX_QUEUED_BYTES} bytes wait to be sent there: the limit of one session`,
}
