/**
 * Two streams made one: the bytes of either go out on the other, as they are. A side whose other side is slow, or that sends more than its
 * share, is not read for a while, so that flow control slows its sender down and little waits here. An end is handed on as the same end: in
 * order behind the last byte, or at once when a stream is reset or its connection is lost.
 */

import type { Stream } from '@libp2p/interface'
import { createTimeout, onAbort } from '../../async/abort.ts'

export interface SpliceOptions {
  /** Bytes went from a side to the other. @returns for how long that side is not read, in ms */
  onBytes(side: 0 | 1, bytes: number): number
  /** Bytes of a side wait here from now on: its other side takes no more. */
  onStall(splice: Splice): void
  /** Called once. */
  onEnd(): void
  /** How long a stream may stay open one way after the other way was closed, in ms. */
  halfOpenMs: number
}

export interface Splice {
  /** Bytes that wait here, in both directions. */
  readonly waitingBytes: number
  abort(reason: Error): void
}

/** A side is read again once no more than this waits for the other: a drain alone tells of a little room, and would let the queue grow. */
const LOW_WATER_BYTES = 65_536

export function spliceStreams(first: Stream, second: Stream, options: SpliceOptions): Splice {
  const streams = [first, second] as const
  /** By side: why it is not read. */
  const isStalled = [false, false]
  const isRated = [false, false]
  const isResuming = [false, false]
  /** By side: its other end has said that it sends no more. */
  const isFinished = [false, false]
  const timers = new Set<ReturnType<typeof createTimeout>>()
  let isOver = false

  function abort(reason: Error): void {
    end()
    for (const stream of streams) stream.abort(reason)
  }

  function end(): void {
    if (isOver) return
    isOver = true
    for (const timer of timers) timer.end()
    options.onEnd()
  }

  function after(ms: number, work: () => void): void {
    const timer = createTimeout(ms)
    timers.add(timer)
    onAbort(timer.signal, () => {
      timers.delete(timer)
      if (!isOver) work()
    })
  }

  function handOn(side: 0 | 1, bytes: Parameters<Stream['send']>[0]): void {
    if (isOver) return
    const { byteLength } = bytes
    try {
      isStalled[side] = !streams[1 - side]?.send(bytes)
    } catch (error) {
      abort(error instanceof Error ? error : new Error(String(error)))
      return
    }
    const pauseMs = options.onBytes(side, byteLength)
    if (pauseMs > 0 && !isRated[side]) {
      isRated[side] = true
      after(pauseMs, () => {
        isRated[side] = false
        readOn(side)
      })
    }
    pauseIfNeeded(side)
    if (isStalled[side]) options.onStall(splice)
  }

  function pauseIfNeeded(side: 0 | 1): void {
    const stream = streams[side]
    // `resume` hands out all that it has before it opens the window: a pause within it would leave the window open.
    if ((isStalled[side] || isRated[side]) && !isResuming[side] && stream.readStatus === 'readable') stream.pause()
  }

  function readOn(side: 0 | 1): void {
    const stream = streams[side]
    if (isOver || isStalled[side] || isRated[side] || stream.readStatus !== 'paused') return
    isResuming[side] = true
    stream.resume()
    isResuming[side] = false
    pauseIfNeeded(side)
  }

  function listen(side: 0 | 1): void {
    const stream = streams[side]
    const other = streams[1 - side] as Stream
    const onRoom = () => {
      if (!isStalled[side] || other.writableNeedsDrain || other.writeBufferLength > LOW_WATER_BYTES) return
      isStalled[side] = false
      readOn(side)
    }
    other.addEventListener('drain', onRoom)
    other.addEventListener('idle', onRoom)
    stream.addEventListener('remoteCloseWrite', () => {
      isFinished[side] = true
    })
    // All that came has been handed on.
    stream.addEventListener('end', () => {
      if (isOver) return
      if (!isFinished[side]) return abort(new Error('the connection of one end is lost'))
      other.close().catch((error: Error) => abort(error))
      after(options.halfOpenMs, () => abort(new Error('the other end did not close')))
    })
    stream.addEventListener('close', ({ error }) => {
      if (isOver) return
      if (error !== undefined || !isFinished[side]) abort(error ?? new Error('the connection of one end is lost'))
      else if (other.status === 'closed') end()
    })
    stream.addEventListener('message', ({ data }) => handOn(side, data))
  }

  const splice: Splice = {
    get waitingBytes() {
      return streams.reduce((sum, stream) => sum + stream.readBufferLength + stream.writeBufferLength, 0)
    },
    abort,
  }
  listen(0)
  listen(1)
  for (const side of [0, 1] as const) {
    if (streams[side].status !== 'open') abort(new Error('one end has gone'))
    else readOn(side)
  }
  return splice
}
