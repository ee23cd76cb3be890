/**
 * Two sessions joined in memory, for tests of what stands on sessions. As over a network, a frame arrives in a later turn of the event loop, as
 * the same bytes, in order; a reader that pauses makes its sender wait; and an end may close, abort, be cut off or hear nothing for a while.
 */

import { createHash } from 'node:crypto'
import { abortable } from '../../node/async/abort.ts'
import { inNextTurn } from '../../node/async/turn.ts'
import { MayflyError } from '../../node/errors.ts'
import { decodeFrame, encodeFrame, type Frame } from '../../node/network/index.ts'
import type { Identity, Session, Topic, WayKind } from '../../node/people/way/types.ts'

export interface SessionPairOptions {
  topic?: Topic
  answered?: Topic
  kind?: WayKind
  /** Of the end that opens the session, and of the one that takes it. */
  opener?: Identity
  accepter?: Identity
  /** Unread bytes at which a sender is to wait. */
  windowBytes?: number
  /** Unread bytes at which the sender's session is ended. */
  maxUnsentBytes?: number
}

export interface SessionPair {
  /** The end that opened the session: its `remote` is the accepter. */
  opener: Session
  accepter: Session
  /** The network between them fails: frames under way are lost, and both ends hear of it. */
  cut(reason?: Error): void
  /** Nothing arrives, and nobody hears of that, until `thaw`: as when the other process is stopped. */
  freeze(): void
  thaw(): void
}

const WINDOW_BYTES = 262_144
const MAX_UNSENT_BYTES = 16 * 1_048_576

const digest = (text: string) => new Uint8Array(createHash('sha256').update(text).digest())

/**
 * An identity made up from names: the same names are the same account, place and peer. Nothing in it is signed.
 *
 * @param place a browser or node of the account; its instance is `<account>-<place>` unless named
 */
export function sampleIdentity(account: string, options: { place?: string; peer?: string } = {}): Identity {
  const { place = 'laptop' } = options
  const { peer = `${account}-${place}` } = options
  return {
    account: digest(`account ${account}`),
    place: digest(`place ${account} ${place}`),
    peer,
    role: 'owner',
    serial: 1,
    expiresAtMs: Number.MAX_SAFE_INTEGER,
    certificate: digest(`certificate ${account} ${place}`),
    delegation: digest(`delegation ${peer}`),
  }
}

export function createSessionPair({
  topic = { kind: 'calls' },
  answered = topic,
  kind = 'socket',
  opener = sampleIdentity('alice'),
  accepter = sampleIdentity('bob'),
  windowBytes = WINDOW_BYTES,
  maxUnsentBytes = MAX_UNSENT_BYTES,
}: SessionPairOptions = {}): SessionPair {
  const network = { isFrozen: false }
  const shared = { topic, answered, kind, windowBytes, maxUnsentBytes, network }
  const one = createEnd({ ...shared, remote: accepter, direction: 'outbound' })
  const other = createEnd({ ...shared, remote: opener, direction: 'inbound' })
  one.join(other)
  other.join(one)
  return {
    opener: one.session,
    accepter: other.session,
    cut(reason = new Error('the network was cut')) {
      one.lose(reason)
      other.lose(reason)
    },
    freeze() {
      network.isFrozen = true
    },
    thaw() {
      network.isFrozen = false
      one.deliver()
      other.deliver()
    },
  }
}

interface EndOptions extends Pick<Session, 'remote' | 'kind' | 'direction' | 'topic' | 'answered'> {
  windowBytes: number
  maxUnsentBytes: number
  network: { isFrozen: boolean }
}

interface End {
  session: Session
  readonly unreadBytes: number
  join(other: End): void
  deliver(): void
  /** The other end sent a frame. False when too much is waiting. */
  take(bytes: Uint8Array): boolean
  /** The other end has room again. */
  drained(): void
  endAfterFrames(): void
  /** Frames under way are lost; this end hears the reason. */
  lose(reason: Error): void
}

function createEnd({ windowBytes, maxUnsentBytes, network, ...facts }: EndOptions): End {
  let open = true
  let isPaused = false
  let isDelivering = false
  let other: End | undefined
  /** Frames on their way to this end, and what comes after them. Bounded: maxUnsentBytes. */
  let incoming: Uint8Array[] = []
  let incomingBytes = 0
  let last: { reason: Error | undefined } | undefined
  let onFrame: ((frame: Frame) => void) | undefined
  let onEnd: ((reason: Error | undefined) => void) | undefined
  const waiting = new Set<(isWritable: boolean) => void>()

  function settle(isWritable: boolean): void {
    for (const resolve of waiting) resolve(isWritable)
    waiting.clear()
  }

  function end(reason: Error | undefined): void {
    if (!open) return
    open = false
    incoming = []
    settle(false)
    onEnd?.(reason)
  }

  function abort(reason: Error): void {
    if (!open) return
    other?.lose(new Error('the other end was reset'))
    end(reason)
  }

  function deliver(): void {
    if (isDelivering || network.isFrozen || !open || (isPaused && last?.reason === undefined)) return
    isDelivering = true
    inNextTurn(() => {
      isDelivering = false
      readIncoming()
    })
  }

  function readIncoming(): void {
    const frames = incoming
    let read = 0
    try {
      for (; read < frames.length && open && !isPaused && !network.isFrozen; read++) {
        const bytes = frames[read] as Uint8Array
        incomingBytes -= bytes.byteLength
        if (onFrame === undefined) throw new Error('a frame came before anybody listened: it would be lost')
        onFrame(decodeFrame(bytes))
      }
    } catch (error) {
      abort(error as Error)
    }
    if (!open) return
    incoming.splice(0, read)
    if (incomingBytes <= windowBytes) other?.drained()
    if (last !== undefined && incoming.length === 0 && !network.isFrozen) end(last.reason)
  }

  const session: Session = {
    ...facts,
    get open() {
      return open
    },
    send(frame) {
      if (!open) return false
      const isTaken = other?.take(encodeFrame(frame)) ?? false
      if (!isTaken) abort(new MayflyError('ERR_LIMIT', `Stream ended: more than ${maxUnsentBytes} bytes were waiting to be sent`))
      return isTaken
    },
    writable({ signal } = {}) {
      if (!open) return Promise.resolve(false)
      if ((other?.unreadBytes ?? 0) <= windowBytes) return Promise.resolve(true)
      return abortable(signal, (resolve) => {
        waiting.add(resolve)
        return () => waiting.delete(resolve)
      })
    },
    onFrame(listener) {
      onFrame = listener
    },
    onEnd(listener) {
      onEnd = listener
    },
    pause() {
      isPaused = true
    },
    resume() {
      isPaused = false
      deliver()
    },
    close() {
      if (!open) return
      other?.endAfterFrames()
      end(undefined)
    },
    abort,
  }

  return {
    session,
    deliver,
    join(end) {
      other = end
    },
    get unreadBytes() {
      return open ? incomingBytes : 0
    },
    take(bytes) {
      if (!open) return true // it has ended, and the sender does not know yet
      incoming.push(bytes)
      incomingBytes += bytes.byteLength
      deliver()
      return incomingBytes <= maxUnsentBytes
    },
    drained: () => settle(true),
    endAfterFrames() {
      last = { reason: undefined }
      deliver()
    },
    lose(reason) {
      incoming = []
      last = { reason }
      deliver()
    },
  }
}
