/** A channel over a session: values in order, each once, both ways, as fast as the reader takes them; and an end that says whether all has come. */

import { abortable } from '../../async/abort.ts'
import { MayflyError } from '../../errors.ts'
import { costOf, decodeValue, encodeValue } from '../format/value.ts'
import type { Channel, Person, Value } from '../types.ts'
import type { Session } from '../way/types.ts'
import { createMovingSession } from './moving-session.ts'

export const CHANNEL_LIMITS = {
  /** Bytes that wait to be sent: `postMessage` and `send` refuse more. */
  maxWaitingBytes: 4_194_304,
  /** Bytes that wait to be read, at which the sender is made to wait. */
  maxUnreadBytes: 262_144,
}

interface ChannelParts {
  name: string
  person: Person
  /** A clock that never goes back, in ms. */
  now(): number
}

type Reader = (result: IteratorResult<Value, undefined>) => void

export type OpenChannel = ReturnType<typeof createChannel>

export function createChannel(first: Session, { name, person, now }: ChannelParts) {
  const session = createMovingSession(first, CHANNEL_LIMITS.maxWaitingBytes, {
    onFrame(frame) {
      switch (frame.type) {
        case 'message':
          if (!isClosing) inbox.push(frame.data)
          break
        case 'ping':
          session.send({ type: 'pong', nonce: frame.nonce })
          break
        case 'pong':
          pings.get(frame.nonce)?.()
      }
    },
    /** Nothing comes any more, and nothing goes. Messages that have come can still be read. */
    onEnd(reason) {
      inbox.end()
      const left = new MayflyError(
        'ERR_LEFT',
        `The channel ${name} ${reason === undefined ? 'was closed' : `was cut: ${reason.message}`}`,
        {
          cause: reason,
        },
      )
      for (const reject of [...failPings]) reject(left)
      ended.resolve(reason === undefined ? undefined : left)
    },
  })
  const inbox = createInbox(session)
  const ended = Promise.withResolvers<Error | undefined>()
  /** Bounded by the callers of `ping`. */
  const pings = new Map<number, () => void>()
  const failPings = new Set<(reason: unknown) => void>()
  let lastPing = 0
  /** This end has closed: what is kept back is sent first. */
  let isClosing = false

  /** False when the channel has ended. */
  function post(value: Value): boolean {
    const data = encodeValue(value)
    if (!session.open) return false
    if (session.send({ type: 'message', data }, data.byteLength)) return true
    throw new MayflyError('ERR_LIMIT', `Cannot send: more than ${CHANNEL_LIMITS.maxWaitingBytes} bytes wait to be sent; wait for \`send\``)
  }

  const face: Channel = {
    name,
    person,
    get way() {
      return session.kind
    },
    closed: ended.promise,
    // As of a MessagePort: the other side may leave at any time, and whoever answers it cannot know.
    postMessage: (value) => void post(value),
    async send(value) {
      if (!post(value) || !(await session.ready())) throw new MayflyError('ERR_LEFT', `Cannot send: the channel ${name} has ended`)
    },
    onMessage: inbox.onMessage,
    [Symbol.asyncIterator]: () => ({ next: inbox.next }),
    ping({ signal } = {}) {
      return abortable(signal, (resolve, reject) => {
        if (!session.open) throw new MayflyError('ERR_LEFT', `Cannot ping: the channel ${name} has ended`)
        const nonce = ++lastPing
        const sentAtMs = now()
        pings.set(nonce, () => resolve(now() - sentAtMs))
        failPings.add(reject)
        session.send({ type: 'ping', nonce })
        return () => {
          pings.delete(nonce)
          failPings.delete(reject)
        }
      })
    },
    close() {
      if (!session.open) return
      isClosing = true
      inbox.end()
      session.close()
    },
  }
  return { face, moveTo: session.moveTo, follow: session.follow, abort: session.abort }
}

/** Messages that have come: to listeners at once, to iterations one by one. While too much is unread, the session is paused. */
function createInbox(session: Pick<Session, 'pause' | 'resume'>) {
  /** Bounded: maxUnreadBytes, and one message more. */
  const unread: Uint8Array[] = []
  let unreadBytes = 0
  let isPaused = false
  let hasEnded = false
  /** Bounded by the callers of `next`. */
  const readers: Reader[] = []
  /** Bounded by the callers. */
  const listeners = new Set<(value: Value) => void>()

  /** Frames that come at once, from within `resume`, are later than those that were taken. */
  function resumeIfRoom(): void {
    if (!isPaused || unreadBytes > CHANNEL_LIMITS.maxUnreadBytes / 2) return
    isPaused = false
    session.resume()
  }

  function take(): Value | undefined {
    const data = unread.shift()
    if (data === undefined) return undefined
    unreadBytes -= costOf(data)
    return decodeValue(data)
  }

  function tell(value: Value): void {
    for (const listener of [...listeners]) {
      try {
        listener(value)
      } catch (error) {
        // As an event target does: the fault is the listener's, not the channel's.
        queueMicrotask(() => {
          throw error
        })
      }
    }
  }

  return {
    push(data: Uint8Array) {
      if (listeners.size > 0) return tell(decodeValue(data) as Value)
      const reader = readers.shift()
      if (reader !== undefined) return reader({ done: false, value: decodeValue(data) as Value })
      unread.push(data)
      unreadBytes += costOf(data)
      if (isPaused || unreadBytes <= CHANNEL_LIMITS.maxUnreadBytes) return
      isPaused = true
      session.pause()
    },
    next(): Promise<IteratorResult<Value, undefined>> {
      if (unread.length > 0) {
        const value = take() as Value
        resumeIfRoom()
        return Promise.resolve({ done: false, value })
      }
      if (hasEnded) return Promise.resolve({ done: true, value: undefined })
      return new Promise((resolve) => readers.push(resolve))
    },
    onMessage(listener: (value: Value) => void) {
      const own = (value: Value) => listener(value)
      listeners.add(own)
      // Those that came before anybody listened.
      while (unread.length > 0) tell(take() as Value)
      resumeIfRoom()
      return () => listeners.delete(own)
    },
    end() {
      hasEnded = true
      for (const resolve of readers.splice(0)) resolve({ done: true, value: undefined })
    },
  }
}
