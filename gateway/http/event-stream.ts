/**
 * Server-sent events: how one is written, and a stream of the newest value.
 *
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html
 */

import { onAbort } from '../../node/async/abort.ts'
import { createWakeUp } from '../../node/async/wake-up.ts'
import { streamBody } from './body-stream.ts'

interface ServerSentEvent {
  /** The client sends the last one as `Last-Event-ID` when it comes back. */
  id?: number
  /** `message` when left out. */
  event?: string
  /** Without line breaks, as JSON is. */
  data: string
}

/** How soon a client that lost the stream should come back, in ms. */
const RETRY_MS = 2_000

export const RETRY_FIELD = `retry: ${RETRY_MS}\n\n`
/** A comment, which clients ignore: it keeps proxies from cutting a silent stream. */
export const KEEPALIVE_COMMENT = ':\n\n'

export const EVENT_STREAM_HEADERS: Readonly<Record<string, string>> = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-store',
  'x-accel-buffering': 'no', // nginx buffers streams unless it reads this
}

export function encodeServerSentEvent({ id, event, data }: ServerSentEvent): string {
  return `${id === undefined ? '' : `id: ${id}\n`}${event === undefined ? '' : `event: ${event}\n`}data: ${data}\n\n`
}

interface EventStreamOptions {
  /** The values, as JSON. The caller ends the iterator when `onEnd` is called. */
  events: AsyncIterator<string>
  /** A comment is sent after so long without an event, in ms. */
  keepAliveMs: number
  /** Ends the stream from our side. */
  signal: AbortSignal
  /** Called once, when either side has ended the stream. */
  onEnd: () => void
}

/** Streams values as they change. One is kept at most: a slow client gets the newest value, not all of them. */
export function createEventStream({ events, keepAliveMs, signal, onEnd }: EventStreamOptions): ReadableStream<Uint8Array> {
  const read = (gone: AbortSignal) => writeNewest(events, keepAliveMs, AbortSignal.any([signal, gone]))
  return streamBody(read, { onEnd })
}

async function* writeNewest(events: AsyncIterator<string>, keepAliveMs: number, signal: AbortSignal): AsyncGenerator<string> {
  const news = createWakeUp()
  let newest: string | undefined
  let hasEnded = false
  const end = () => {
    hasEnded = true
    news.ring()
  }
  const follow = async () => {
    for (let next = await events.next(); next.done !== true && !hasEnded; next = await events.next()) {
      newest = next.value
      news.ring()
    }
  }
  const removeListener = onAbort(signal, end)
  // An error of the watch (a limit, the node's stop) ends the stream: the client comes back and gets it as an answer with a status.
  follow().then(end, end)
  try {
    yield RETRY_FIELD
    for (;;) {
      const data = newest
      newest = undefined
      if (data !== undefined) yield encodeServerSentEvent({ data })
      else if (hasEnded) return
      else if (!(await news.wait(keepAliveMs))) yield KEEPALIVE_COMMENT
    }
  } finally {
    hasEnded = true
    removeListener()
  }
}
