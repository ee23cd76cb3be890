/**
 * yamux that says how much was read when it matters to the other end, behind a guard (frame-guard.ts). By itself it says so after each frame:
 * a frame to encrypt and send here, one to receive and decrypt there, for every few bytes that a conversation of short messages sends.
 */

import type { MessageStream, StreamMuxer, StreamMuxerFactory } from '@libp2p/interface'
import { type YamuxMuxerInit, yamux } from '@libp2p/yamux'
import type { Uint8ArrayList } from 'uint8arraylist'
import { type FrameGuardOptions, guardFrames, HEADER_BYTES } from './frame-guard.ts'

/**
 * Read bytes of one stream that the other end is not told of, at most: an eighth of the smallest window, so that nobody waits for them, and half
 * of a piece of content, which is told of at once as before.
 */
const MAX_UNTOLD_BYTES = 32_768

const WINDOW_UPDATE = 1

interface WindowUpdate {
  stream: number
  bytes: number
}

/** Streams that have ended and are still counted, before they are looked for. */
const MAX_ENDED = 16

export function frugalYamux(init: YamuxMuxerInit, limits: FrameGuardOptions = {}): () => StreamMuxerFactory {
  return () => {
    const factory = yamux(init)()
    return {
      protocol: factory.protocol,
      createStreamMuxer(connection: MessageStream): StreamMuxer {
        /** By stream, in bytes. Bounded: those that have ended are taken out when there are more. */
        const untold = new Map<number, number>()
        const send = connection.send.bind(connection)
        /** A reader may take its last bytes after the connection has ended. Nobody waits for room then, and the error would meet the reader. */
        const sendUnlessOver = (frame: Uint8Array): boolean => {
          try {
            return send(frame)
          } catch (error) {
            if (error instanceof Error && error.name === 'StreamStateError') return true
            throw error
          }
        }
        connection.send = (frame) => {
          const update = readWindowUpdate(frame)
          if (update === undefined) return send(frame)
          const { stream } = update
          const bytes = update.bytes + (untold.get(stream) ?? 0)
          if (bytes >= MAX_UNTOLD_BYTES) {
            untold.delete(stream)
            return sendUnlessOver(windowUpdate({ stream, bytes }))
          }
          untold.set(stream, bytes)
          if (untold.size > muxer.streams.length + MAX_ENDED) forgetEnded(untold, muxer)
          return true
        }
        const muxer = guardFrames(connection, () => factory.createStreamMuxer(connection), limits)
        return muxer
      },
    }
  }
}

function forgetEnded(untold: Map<number, number>, { streams }: StreamMuxer): void {
  const open = new Set(streams.map(({ id }) => Number(id)))
  for (const stream of untold.keys()) if (!open.has(stream)) untold.delete(stream)
}

/** Undefined for what says more than how much was read: that a stream begins or ends. */
function readWindowUpdate(frame: Uint8Array | Uint8ArrayList): WindowUpdate | undefined {
  if (!(frame instanceof Uint8Array) || frame.byteLength !== HEADER_BYTES) return undefined
  const view = new DataView(frame.buffer, frame.byteOffset, HEADER_BYTES)
  if (view.getUint8(1) !== WINDOW_UPDATE || view.getUint16(2) !== 0) return undefined
  return { stream: view.getUint32(4), bytes: view.getUint32(8) }
}

function windowUpdate({ stream, bytes }: WindowUpdate): Uint8Array {
  const view = new DataView(new ArrayBuffer(HEADER_BYTES))
  view.setUint8(1, WINDOW_UPDATE)
  view.setUint32(4, stream)
  view.setUint32(8, bytes)
  return new Uint8Array(view.buffer)
}
