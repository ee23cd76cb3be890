/**
 * Server-sent events from an async iterator. One value is kept at most: a slow reader gets the newest one and not all of them.
 *
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html
 */

export interface EventStreamOptions {
  /** What to send, already written down as JSON. Whoever made it ends it when `onEnd` is called. */
  events: AsyncIterator<string>
  /** A comment is sent after so long without an event, in ms. */
  keepAliveMs: number
  /** Ends the stream from our side. */
  signal: AbortSignal
  /** Called once, when either side has ended it. */
  onEnd: () => void
}

/** How soon a client that lost the stream should come back, in ms. */
const RETRY_MS = 2_000

export const EVENT_STREAM_HEADERS: Readonly<Record<string, string>> = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-store',
  'x-accel-buffering': 'no', // a common proxy holds streams back unless told not to
}

export function createEventStream(options: EventStreamOptions): ReadableStream<Uint8Array> {
  const { events, keepAliveMs, signal } = options
  const encoder = new TextEncoder()
  let newest: string | null = null
  let ended = false
  let wake = () => {}

  const onAbort = () => end()
  const end = () => {
    if (ended) return
    ended = true
    signal.removeEventListener('abort', onAbort)
    wake()
    options.onEnd()
  }

  const follow = async () => {
    try {
      for (let event = await events.next(); event.done !== true && !ended; event = await events.next()) {
        newest = event.value
        wake()
      }
    } catch {
      // What ends a watch (a limit, the node's stop) ends the stream: the client comes back and is told properly.
    } finally {
      end()
    }
  }

  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        controller.enqueue(encoder.encode(`retry: ${RETRY_MS}\n\n`))
        signal.addEventListener('abort', onAbort)
        if (signal.aborted) end()
        else void follow()
      },
      async pull(controller) {
        if (newest === null && !ended) {
          const { promise, resolve } = Promise.withResolvers<void>()
          wake = resolve
          const timer = setTimeout(resolve, keepAliveMs)
          await promise
          clearTimeout(timer)
        }
        if (newest !== null) {
          controller.enqueue(encoder.encode(`data: ${newest}\n\n`))
          newest = null
        } else if (ended) {
          controller.close()
        } else {
          controller.enqueue(encoder.encode(':\n\n'))
        }
      },
      cancel: end,
    },
    { highWaterMark: 0 },
  )
}
