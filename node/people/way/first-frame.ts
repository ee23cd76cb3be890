/** The first frame of a stream whose other bytes belong to somebody else: to the other half of a splice, or to a handshake. */

import type { MessageStream, StreamMessageEvent } from '@libp2p/interface'
import { abortable } from '../../async/abort.ts'
import { MayflyError } from '../../errors.ts'
import { createFrameDecoder, decodeFrame, encodeFrame, type Frame, withLength } from '../../network/index.ts'

/**
 * Leaves the stream paused, with the bytes behind the frame in it, for whoever listens next and resumes it. To be called before anything is
 * awaited.
 *
 * @throws {MayflyError} ERR_BAD_FRAME, ERR_LIMIT, ERR_UNAVAILABLE when the stream ends before
 * @throws signal.reason, when aborted first
 */
export function readFirstFrame(stream: MessageStream, maxBytes: number, signal: AbortSignal): Promise<Frame> {
  const decoder = createFrameDecoder(maxBytes)
  return abortable<Frame>(signal, (resolve, reject) => {
    const onMessage = ({ data }: StreamMessageEvent) => {
      decoder.push(data)
      try {
        const frame = decoder.next()
        if (frame === undefined) return
        stopListening()
        stream.pause()
        const rest = decoder.takeRest()
        if (rest.byteLength > 0) stream.unshift(rest)
        resolve(decodeFrame(frame))
      } catch (error) {
        reject(error)
      }
    }
    const onEnd = () => reject(new MayflyError('ERR_UNAVAILABLE', 'The stream ended before it said anything'))
    const stopListening = () => {
      stream.removeEventListener('message', onMessage)
      stream.removeEventListener('close', onEnd)
      stream.removeEventListener('end', onEnd)
    }
    stream.addEventListener('message', onMessage)
    stream.addEventListener('close', onEnd)
    stream.addEventListener('end', onEnd)
    if (stream.status !== 'open') onEnd()
    return stopListening
  })
}

export function sendFirstFrame(stream: MessageStream, frame: Frame): void {
  stream.send(withLength(encodeFrame(frame)))
}
