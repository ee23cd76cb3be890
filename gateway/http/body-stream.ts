/** A response body from bytes that come one after the other: taken no faster than the client reads, and given up when it goes. */

import type { Client, GatewayRequest, ReadBytes } from '../types.ts'

/**
 * @param read begins to read; its signal is aborted when the client goes away
 *
 * A failure cuts the connection, so that what was sent can never be taken for the whole.
 */
export function streamBody(
  read: ReadBytes,
  { client, fetch, request }: Pick<GatewayRequest, 'fetch' | 'request'> & { client: Pick<Client, 'cut'> },
): ReadableStream<Uint8Array> {
  const gone = new AbortController()
  const paced = fetch?.pace(read) ?? read
  const leave = fetch?.stream()
  const end = () => {
    request.signal.removeEventListener('abort', end)
    leave?.()
  }
  // A client that goes before the first byte was asked for would leave nobody to end this.
  if (leave !== undefined) request.signal.addEventListener('abort', end)
  let chunks: AsyncIterator<Uint8Array> | undefined
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        chunks ??= paced(gone.signal)[Symbol.asyncIterator]()
        try {
          const { done, value } = await chunks.next()
          if (!done) return controller.enqueue(value)
          end()
          controller.close()
        } catch (error) {
          end()
          if (gone.signal.aborted) return
          // The server ends the connection by itself; without one, whoever reads the stream is told.
          if (client.cut === undefined) controller.error(error)
          else client.cut()
        }
      },
      async cancel() {
        end()
        gone.abort(new DOMException('The client went away.', 'AbortError'))
        await chunks?.return?.()
      },
    },
    { highWaterMark: 0 }, // nothing is read before somebody takes it
  )
}
