/** A response body from chunks that come one after the other: read no faster than the client takes them, and ended when it goes away. */

import { onAbort } from '../../node/async/abort.ts'

interface BodyStreamOptions {
  /**
   * Cuts the connection when reading fails, so that the client cannot mistake what it has for the whole. Without it, the error goes to the
   * reader of the stream.
   */
  cut?: (() => void) | undefined
  /** Called once, when either side has ended the stream. */
  onEnd?: () => void
  /** Ends a stream that its client left before reading of it. */
  signal?: AbortSignal
}

/** @param read begins to read; its signal is aborted when the client goes away */
export function streamBody(
  read: (signal: AbortSignal) => AsyncIterable<Uint8Array | string>,
  { cut, onEnd, signal }: BodyStreamOptions = {},
): ReadableStream<Uint8Array> {
  const gone = new AbortController()
  const encoder = new TextEncoder()
  let chunks: AsyncIterator<Uint8Array | string> | undefined
  let hasEnded = false
  let removeListener = () => {}
  const end = () => {
    if (hasEnded) return
    hasEnded = true
    removeListener()
    onEnd?.()
  }
  removeListener = onAbort(signal, end)
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        chunks ??= read(gone.signal)[Symbol.asyncIterator]()
        try {
          const { done, value } = await chunks.next()
          if (!done) {
            controller.enqueue(typeof value === 'string' ? encoder.encode(value) : value)
            return
          }
          end()
          controller.close()
        } catch (error) {
          end()
          if (gone.signal.aborted) return
          if (cut === undefined) controller.error(error)
          else cut()
        }
      },
      async cancel() {
        end()
        gone.abort(new DOMException('The client went away.', 'AbortError'))
        await chunks?.return?.()
      },
    },
    { highWaterMark: 0 }, // no chunk is read before the client takes it
  )
}
