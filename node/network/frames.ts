/**
 * Frames over one libp2p stream: a varint length, then one CBOR array whose first entry is the frame's type. Each protocol's
 * codec knows the entries; this file moves frames, in order, within limits.
 */

import type { MessageStream, Stream } from '@libp2p/interface'
import { concatBytes } from '@noble/hashes/utils.js'
import { decode, encode } from 'cborg'
import { encodeUint8Array as encodeVarint, encodingLength } from 'uint8-varint'
import type { Uint8ArrayList } from 'uint8arraylist'
import { abortable } from '../async/abort.ts'
import { inNextTurn, whenTurnEnds } from '../async/turn.ts'
import { MayflyError } from '../errors.ts'
import type { AbortOptions } from '../types.ts'
import { createFrameDecoder } from './frame-decoder.ts'

export type Frame = [type: number, ...fields: unknown[]]

export interface FrameStreamOptions {
  /** The largest frame that is accepted, in bytes; a larger one ends the stream. */
  maxFrameBytes: number
  /** How many bytes may wait to be sent before the other side counts as stuck and the stream is ended. */
  maxUnsentBytes: number
  /**
   * Frames that are sent in one turn of the event loop go out as one: a small frame alone costs more to encrypt and frame than to make. In
   * Node.js they go out as the next turn begins, so that frames of a turn's promises go with the rest.
   */
  isCorked?: boolean
  /** How long a patient frame waits for another to go with, in ms. */
  patienceMs?: number
  /** In the place of `decodeFrame`. */
  decode?(bytes: Uint8Array): Frame
  onFrame(frame: Frame): void
  /** Called once, however the stream ends. */
  onEnd(reason: Error | undefined): void
}

/** A few commits to a disk, after which a receiver has more to say. */
const PATIENCE_MS = 4

/** How long the frames of one stream are handled in one turn of the event loop, in ms; others wait meanwhile. */
const SLICE_MS = 8

/** Strict: one canonical item per frame, so that two nodes can never read the same bytes differently. */
const DECODE_OPTIONS = {
  strict: true,
  allowIndefinite: false,
  allowUndefined: false,
  allowNaN: false,
  allowInfinity: false,
  rejectDuplicateMapKeys: true,
}

export function encodeFrame(frame: Frame): Uint8Array {
  return encode(frame)
}

/** @throws {MayflyError} ERR_BAD_FRAME */
export function decodeFrame(bytes: Uint8Array): Frame {
  let frame: unknown
  try {
    frame = decode(bytes, DECODE_OPTIONS)
  } catch (cause) {
    throw new MayflyError('ERR_BAD_FRAME', 'Frame is not one canonical CBOR item', { cause })
  }
  if (!Array.isArray(frame) || typeof frame[0] !== 'number') {
    throw new MayflyError('ERR_BAD_FRAME', 'Frame is not an array that begins with its type')
  }
  return frame as Frame
}

/** A frame as it travels: its length, then its bytes. @param more that follow, in bytes */
export function withLength(body: Uint8Array, more: number = 0): Uint8Array {
  const size = body.byteLength + more
  const prefixBytes = encodingLength(size)
  const bytes = new Uint8Array(prefixBytes + body.byteLength)
  encodeVarint(size, bytes)
  bytes.set(body, prefixBytes)
  return bytes
}

/** Bytes of such a size at the end of a frame are copied once, into what travels: twice costs as much as sending them. */
const isLarge = (size: number) => size >= 4_096 && size <= 0xffff
/** The first byte of a CBOR array of few entries, and of a byte string whose length follows in two bytes. */
const ARRAY = 0x80
const MAX_ENTRIES = 23
const BYTES = 0x59

/** A frame as it travels, as `withLength(encodeFrame(frame))`; large bytes at its end are a part of their own, and not copied. */
export function partsForStream(frame: Frame): Uint8Array[] {
  const last = frame.at(-1)
  if (!(last instanceof Uint8Array && isLarge(last.byteLength)) || frame.length > MAX_ENTRIES) return [withLength(encodeFrame(frame))]
  const head = encode(frame.slice(0, -1))
  head[0] = ARRAY | frame.length
  return [withLength(concatBytes(head, Uint8Array.of(BYTES, last.byteLength >> 8, last.byteLength)), last.byteLength), last]
}

const joined = (parts: Uint8Array[]) => (parts.length > 1 ? concatBytes(...parts) : (parts[0] as Uint8Array))

export type FrameStream = ReturnType<typeof createFrameStream>

/** A stream of a connection, or one that is encrypted inside such a stream. */
export type FrameCarrier = MessageStream & Partial<Pick<Stream, 'readStatus'>>

/**
 * A shorter way of a stream's whole messages. `take` hears of them in the place of the stream's `message` event, and says whether their bytes are
 * used no more. Returns one for what is sent, in parts, of which none is used any more when it returns; undefined where there is none.
 */
type Shortcut = (stream: FrameCarrier, take: (data: Uint8Array) => boolean) => ((parts: Uint8Array[]) => void) | undefined

let shortcut: Shortcut | undefined

/** Comes with the code for direct connections, whose streams alone have one: a page that opens none does without. */
export function setShortcut(shorter: Shortcut): void {
  shortcut = shorter
}

/** Takes the stream over: attach before anything else awaits, or early frames are lost. A stream that has ended already ends in the next turn. */
export function createFrameStream(stream: FrameCarrier, options: FrameStreamOptions) {
  const { patienceMs = PATIENCE_MS } = options
  const sendParts = shortcut?.(stream, (data) => reader.take(data)) ?? ((parts) => stream.send(joined(parts)))
  let open = true
  const waiting = new Set<(writable: boolean) => void>()
  /** Parts of frames of this turn, when corked, and patient ones. Bounded: they go out at the turn's end, or after a few ms. */
  let corked: Uint8Array[] = []
  let isLeaving = false
  let waitingLonger: ReturnType<typeof setTimeout> | undefined

  const settle = (writable: boolean) => {
    for (const resolve of waiting) resolve(writable)
    waiting.clear()
  }
  const end = (reason: Error | undefined) => {
    if (!open) return
    open = false
    clearTimeout(waitingLonger)
    settle(false)
    options.onEnd(reason)
  }
  /** Closes at once. */
  const abort = (reason: Error) => {
    if (!open) return
    stream.abort(reason)
    end(reason)
  }

  const reader = createReader(stream, { ...options, abort, isOpen: () => open })
  stream.addEventListener('drain', () => settle(true))
  stream.addEventListener('remoteCloseWrite', () => {
    reader.readLast()
    stream.close().catch(() => {})
    end(undefined)
  })
  stream.addEventListener('close', (event) => {
    reader.readLast()
    end(event.error)
  })
  // Its events are over. Bytes that it has received go out first, in the microtask before this one.
  if (stream.status !== 'open' || stream.readableEnded) {
    queueMicrotask(() => {
      reader.readLast()
      end(undefined)
    })
  }

  function write(parts: Uint8Array[]): boolean {
    try {
      sendParts(parts)
    } catch (error) {
      abort(error instanceof Error ? error : new Error(String(error)))
      return false
    }
    if (stream.writeBufferLength > options.maxUnsentBytes) {
      abort(new MayflyError('ERR_LIMIT', `Stream ended: over ${options.maxUnsentBytes} bytes unsent`))
      return false
    }
    return true
  }

  function uncork(): void {
    clearTimeout(waitingLonger)
    waitingLonger = undefined
    isLeaving = false
    const frames = corked
    corked = []
    if (open && frames.length > 0) write(frames)
  }

  return {
    get open() {
      return open
    },
    /**
     * Queues the frame, whose bytes must not change any more. False when the stream has ended, and the frame with it.
     *
     * @param isPatient on a corked stream it waits a little for another one to go with
     */
    send(frame: Frame, isPatient: boolean = false) {
      if (!open) return false
      if (!options.isCorked) return write(partsForStream(frame))
      corked.push(...partsForStream(frame))
      if (isPatient) waitingLonger ??= setTimeout(uncork, patienceMs)
      else if (!isLeaving) {
        isLeaving = true
        whenTurnEnds(uncork)
      }
      return true
    },
    /** Sends at once what a corked stream would send as its turn ends. False when the stream has ended. */
    flush() {
      uncork()
      return open
    },
    /** Resolves when there is room to send more, at once or after a drain; false when the stream has ended. */
    writable({ signal }: AbortOptions = {}): Promise<boolean> {
      if (!open) return Promise.resolve(false)
      if (!stream.writableNeedsDrain) return Promise.resolve(true)
      return abortable(signal, (resolve) => {
        waiting.add(resolve)
        return () => waiting.delete(resolve)
      })
    },
    pause: reader.pause,
    resume: reader.resume,
    /** Sends what is queued, then closes. */
    close() {
      if (!open) return
      uncork()
      stream.close().catch(() => {})
      end(undefined)
    },
    abort,
  }
}

/** Reads the frames of a stream, as many in one turn of the event loop as are handled in a short time. */
function createReader(
  stream: FrameCarrier,
  { maxFrameBytes, onFrame, decode = decodeFrame, abort, isOpen }: FrameStreamOptions & { abort(reason: Error): void; isOpen(): boolean },
) {
  const decoder = createFrameDecoder(maxFrameBytes)
  let isPaused = false
  let isReading = false
  /** The frames that have come are more than one turn takes. */
  let isWaiting = false

  /** Frames behind the one at which it was paused, or its turn was over, stay with the decoder. */
  function read({ isLast = false } = {}): void {
    isReading = true
    const startedAtMs = performance.now()
    try {
      for (let frame = decoder.next(); frame !== undefined && isOpen(); frame = decoder.next()) {
        onFrame(decode(frame))
        if (isPaused) return
        isWaiting = !isLast && decoder.byteLength > 0 && performance.now() - startedAtMs > SLICE_MS
        if (!isWaiting) continue
        inNextTurn(readOn)
        return
      }
    } catch (error) {
      abort(error instanceof Error ? error : new Error(String(error)))
    } finally {
      isReading = false
      if (isOpen() && (isPaused || isWaiting)) stream.pause()
    }
  }

  /** Goes on with the frames that have come, then with those to come. */
  function readOn(): void {
    isWaiting = false
    if (!isOpen() || isPaused) return
    read()
    if (!isOpen() || isPaused || isWaiting) return
    // `resume` hands out all that it has before it opens its window: a pause meanwhile would leave the window open.
    isReading = true
    stream.resume()
    read()
  }

  function take(data: Uint8Array | Uint8ArrayList): boolean {
    decoder.push(data)
    if (!isPaused && !isReading && !isWaiting) read()
    return !decoder.byteLength
  }

  stream.addEventListener('message', ({ data }) => take(data))

  return {
    /** Takes bytes that did not come by the stream's own event. True when all that has come was handled. */
    take,
    /** Frames that came before the end of the stream and wait for their turn are read before the end. */
    readLast() {
      if (!isWaiting || isPaused) return
      isReading = true
      if (stream.readStatus === 'paused') stream.resume() // hands out what has come meanwhile
      isWaiting = false
      read({ isLast: true })
    },
    /** Takes no frame until `resume`. Flow control makes the sender wait meanwhile, once the stream's window is full. */
    pause() {
      if (!isOpen() || isPaused) return
      isPaused = true
      if (!isReading) stream.pause()
    },
    /** Goes on with the frames that have come, at once. May be called from within `onFrame`. */
    resume() {
      if (!isOpen() || !isPaused) return
      isPaused = false
      if (!isReading && !isWaiting) readOn()
    },
  }
}
