/**
 * A way over the records of a first stage: it carries the frames of a share, one in each record, as any other way does, so that both ends judge and
 * answer by the same code.
 */

import { MayflyError } from '../../errors.ts'
import { decodeFrame, encodeFrame, type FrameStream, type FrameStreamOptions } from '../../network/index.ts'
import type { Way } from '../../people/index.ts'
import { SHARE_PROTOCOL } from '../format/share-frames.ts'
import type { FirstGreeting } from './first-hello.ts'
import type { FirstKeys } from './first-keys.ts'
import type { FirstSession } from './session.ts'

/** Carries the messages of one end. */
export interface MessageCarrier {
  /** Bytes that wait to be sent. */
  readonly unsentBytes: number
  /** False when it has ended. */
  send(message: Uint8Array): boolean
  /** Resolves when there is room to send more; false when it has ended. */
  writable(): Promise<boolean>
  /** Takes messages in order. The promise of one resolves when it has been handled: the next one may come before. */
  onMessage(listener: (message: Uint8Array) => Promise<void>): void
  /** Called once. */
  onEnd(listener: (reason: Error | undefined) => void): void
  close(): void
  abort(reason: Error): void
}

/** Carries the messages of a visitor. */
export interface VisitorCarrier extends MessageCarrier {
  /** Of this end, whose public key goes out before all messages. Left out: the visitor makes them, and sends it. */
  readonly keys?: Promise<FirstKeys>
  /** Left out: the visitor says hello. */
  readonly greeting?: FirstGreeting
}

export interface RecordWay extends Way {
  /** Resolves when there is room to send more; false when it has ended. */
  writable(): Promise<boolean>
}

/** @param other the name of the other end */
export function createRecordWay(
  carrier: MessageCarrier,
  session: FirstSession,
  direction: Way['direction'],
  other: string,
  onForged: () => void = () => {},
): RecordWay {
  /** Records go out in the order of their counters. */
  let sending: Promise<unknown> = Promise.resolve()
  let waitingBytes = 0
  /** Never rejects. */
  let handling = Promise.resolve()
  let isOpen = true

  async function writable(): Promise<boolean> {
    await sending
    return isOpen && carrier.writable()
  }

  function createFrames({ maxFrameBytes, maxUnsentBytes, onFrame, onEnd }: FrameStreamOptions): FrameStream {
    const end = (reason: Error | undefined) => {
      if (!isOpen) return
      isOpen = false
      onEnd(reason)
    }
    const abort = (reason: Error) => {
      if (!isOpen) return
      carrier.abort(reason)
      end(reason)
    }

    /** Records are decrypted side by side, in another thread, and handled one after the other. */
    function take(record: Uint8Array): Promise<void> {
      const opening = session.open(record)
      opening.catch(() => {}) // thrown where it is handled
      handling = handling.then(() => handle(opening))
      return handling
    }

    async function handle(opening: Promise<Uint8Array>): Promise<void> {
      try {
        const bytes = await opening
        if (bytes.byteLength > maxFrameBytes) throw new MayflyError('ERR_BAD_FRAME', `A frame of ${bytes.byteLength} bytes is too large`)
        // A frame that is checked in another thread is waited for: the next one may rest on it.
        if (isOpen) await (onFrame(decodeFrame(bytes)) as void | Promise<void>)
      } catch (error) {
        if (error instanceof MayflyError && error.code === 'ERR_FORGED') onForged()
        abort(error instanceof Error ? error : new Error(String(error)))
      }
    }

    carrier.onMessage(take)
    carrier.onEnd(end)
    return {
      get open() {
        return isOpen
      },
      send(frame) {
        if (!isOpen) return false
        const bytes = encodeFrame(frame)
        waitingBytes += bytes.byteLength
        const record = session.seal(new Uint8Array(bytes))
        sending = Promise.all([record, sending]).then(([sealed]) => {
          waitingBytes -= bytes.byteLength
          carrier.send(sealed)
        }, abort)
        if (waitingBytes + carrier.unsentBytes <= maxUnsentBytes) return true
        abort(new MayflyError('ERR_LIMIT', `A first stage ended: more than ${maxUnsentBytes} bytes were waiting to be sent`))
        return false
      },
      writable,
      flush: () => isOpen, // each is sent at once
      pause: () => {}, // messages come one by one
      resume: () => {},
      close() {
        if (!isOpen) return
        sending.then(carrier.close, carrier.close)
        end(undefined)
      },
      abort,
    }
  }

  return {
    peer: other,
    kind: 'relayed',
    direction,
    protocol: SHARE_PROTOCOL,
    createFrames,
    writable,
    abort(reason) {
      isOpen = false
      carrier.abort(reason)
    },
  }
}
