/** A response body from bytes that come one after the other: taken no faster than the client reads, and given up when it goes. */

import type { Client } from './types.ts'

/**
 * @param read begins to read; its signal is aborted when the client goes away
 *
 * A failure cuts the connection, so that what was sent can never be taken for the whole.
 */
export function streamBody(read: (signal: AbortSignal) => AsyncIterable<Uint8Array>, client: Client): ReadableStream<Uint8Array> {
  const gone = new AbortController()
  let chunks: AsyncIterator<Uint8Array> | undefined
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        chunks ??= read(gone.signal)[Symbol.asyncIterator]()
        try {
          const { done, value } = await chunks.next()
          if (done) controller.close()
          else controller.enqueue(value)
        } catch (error) {
          if (gone.signal.aborted) return
          // The server ends the connection by itself; without one, whoever reads the stream is told.
          if (client.cut === undefined) controller.error(error)
          else client.cut()
        }
      },
      async cancel() {
        gone.abort(new DOMException('The client went away.', 'AbortError'))
        await chunks?.return?.()
      },
    },
    { highWaterMark: 0 }, // nothing is read before somebody takes it
  )
}
