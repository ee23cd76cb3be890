/**
 * Guard between a connection and its muxer: bounds what the muxer would do by itself for a peer, below the streams and their own limits. It
 * reads the muxer's frames before the muxer does, and hands them on whole, a few in each turn of the event loop.
 *
 * | what | bound |
 * |---|---|
 * | bytes that wait to be sent | `maxUnsentBytes`; more end the connection |
 * | length of one frame | `maxFrameBytes`; more end the connection |
 * | frames that carry nothing | the allowance (frame-allowance.ts); more are read slowly, then end the connection |
 * | frames in one turn | SLICE_FRAMES, SLICE_MS; the rest waits, so that nobody else does |
 *
 * @see https://github.com/hashicorp/yamux/blob/master/spec.md
 */

import type { MessageStream, StreamMuxer } from '@libp2p/interface'
import type { Uint8ArrayList } from 'uint8arraylist'
import { inNextTurn } from '../async/turn.ts'
import { MayflyError } from '../errors.ts'
import { createByteQueue } from './byte-queue.ts'
import { createFrameAllowance, type FrameAllowanceOptions } from './frame-allowance.ts'

export const FRAME_GUARD_DEFAULTS = {
  /** Bytes that wait behind those that the socket has taken (websocket-connection.ts), above which the peer counts as one that reads nothing. */
  maxUnsentBytes: 8_388_608,
  /** The longest data frame; yamux keeps whatever has come of one until the rest has. */
  maxFrameBytes: 262_144,
}

export interface FrameGuardOptions extends FrameAllowanceOptions, Partial<typeof FRAME_GUARD_DEFAULTS> {}

/** Version, type, flags (2 bytes), stream (4), length (4). */
export const HEADER_BYTES = 12
const DATA = 0
/** A data frame with less counts as one that carries nothing: it costs as much to handle as one that is full. */
const MIN_CARRIED_BYTES = 16
/** Frames handled in one turn of the event loop. A handler may take a millisecond for one. */
const SLICE_FRAMES = 64
/** How long frames are handled in one turn, in ms. */
const SLICE_MS = 8

/** The method by which received bytes enter an object of the library, besides its interface. */
interface Receiver {
  onData(bytes: Uint8Array | Uint8ArrayList): void
}

export function isDataFrame(frame: Uint8Array | Uint8ArrayList): boolean {
  return frame.byteLength > HEADER_BYTES
}

/** @param createMuxer makes the muxer of this connection; what it sends goes through `send` */
export function guardFrames(connection: MessageStream, createMuxer: () => StreamMuxer, options: FrameGuardOptions = {}): StreamMuxer {
  const { maxUnsentBytes, maxFrameBytes } = { ...FRAME_GUARD_DEFAULTS, ...options }
  const allowance = createFrameAllowance(options)
  /** Received, and not handed to the muxer yet. Bounded: one frame, and what had come when the connection was paused. */
  const received = createByteQueue()
  let isOpen = true
  let isWaiting = false
  let isResuming = false
  let timer: ReturnType<typeof setTimeout> | undefined

  connection.maxWriteBufferLength = maxUnsentBytes
  const send = connection.send.bind(connection)
  connection.send = (frame) => {
    if (isDataFrame(frame)) allowance.earn()
    return send(frame)
  }
  // Before the muxer's own listener: frames that came before the end are handled before the end.
  connection.addEventListener('close', () => {
    clearTimeout(timer)
    isWaiting = false
    guarded(() => handle({ isLast: true }))
    isOpen = false
  })
  const muxer = createMuxer()
  const toMuxer = receiver(muxer)
  const fromConnection = receiver(connection)

  /** The next frame, once it is whole. */
  function nextFrame(): Uint8Array | undefined {
    const bytes = received.at(1) === DATA ? [8, 9, 10, 11].reduce((length, at) => length * 256 + received.at(at), 0) : 0
    if (bytes > maxFrameBytes) throw new MayflyError('ERR_LIMIT', `A muxer frame of ${bytes} bytes is over the limit of ${maxFrameBytes}`)
    return received.byteLength < HEADER_BYTES + bytes ? undefined : received.take(HEADER_BYTES + bytes)
  }

  function handle({ isLast = false } = {}): void {
    const startedAtMs = performance.now()
    for (let frames = 0; isOpen && !isWaiting && received.byteLength >= HEADER_BYTES; frames++) {
      if (!isLast && (frames === SLICE_FRAMES || performance.now() - startedAtMs > SLICE_MS)) wait(0)
      const frame = isWaiting ? undefined : nextFrame()
      if (frame === undefined) return
      toMuxer.onData(frame)
      const pauseMs = frame.byteLength < HEADER_BYTES + MIN_CARRIED_BYTES ? allowance.spend() : 0
      if (pauseMs > 0) wait(pauseMs)
    }
  }

  /** Takes nothing from the connection meanwhile, so that its peer waits, too. */
  function wait(pauseMs: number): void {
    if (!isOpen || connection.status !== 'open') return
    isWaiting = true
    connection.pause()
    if (pauseMs > 0) timer = setTimeout(goOn, pauseMs)
    else inNextTurn(goOn)
  }

  function goOn(): void {
    if (!isOpen) return
    isWaiting = false
    guarded(() => {
      handle()
      if (isWaiting || !isOpen || connection.status !== 'open') return
      // `resume` hands out all that it has before it goes on reading: a pause meanwhile would not be heard further down.
      isResuming = true
      connection.resume()
      isResuming = false
      handle()
    })
  }

  function guarded(work: () => void): void {
    try {
      work()
    } catch (error) {
      isOpen = false
      connection.abort(error instanceof Error ? error : new Error(String(error)))
    }
  }

  // Each call is one message of the connection below: one too short for a header says nothing, even with the next.
  fromConnection.replace((bytes, deliver) => {
    deliver(bytes)
    if (bytes.byteLength >= HEADER_BYTES || !isOpen) return
    guarded(() => {
      const pauseMs = allowance.spend()
      if (pauseMs > 0 && !isWaiting) wait(pauseMs)
    })
  })
  toMuxer.replace((bytes) => {
    if (!isOpen) return
    received.push(bytes)
    if (!isWaiting && !isResuming) guarded(() => handle())
  })
  return muxer
}

/** The place at which received bytes enter an object of the library. */
function receiver(of: MessageStream | StreamMuxer) {
  const target = of as unknown as Receiver
  const onData = target.onData.bind(of)
  return {
    onData,
    replace(handler: (bytes: Uint8Array | Uint8ArrayList, deliver: typeof onData) => void) {
      target.onData = (bytes) => handler(bytes, onData)
    },
  }
}
