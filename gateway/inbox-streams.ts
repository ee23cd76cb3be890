/** `GET /to/<end>/json` and `/sse`: an inbox's messages, as lines of JSON or as server-sent events; `/ws` takes the same events from here. */

import type { Inbox } from '../node/index.ts'
import type { Access } from './access.ts'
import { EVENT_STREAM_HEADERS } from './event-stream.ts'
import { type FeedEvent, type InboxFeed, readFeed } from './inbox-feed.ts'
import { readFeedQuery } from './inbox-query.ts'
import { messageFacts } from './message-facts.ts'
import type { OpenRequests } from './open-requests.ts'
import { ProblemError } from './problem.ts'
import { OWN_DATA_HEADERS } from './security-headers.ts'
import type { GatewayLimits, Visit } from './types.ts'

export interface InboxStreamsParts {
  /** Absent: nothing is received here, and everybody is told so. */
  inbox?: Inbox
  access: Access
  limits: GatewayLimits
  open: OpenRequests
  /** Aborted when the gateway closes. */
  closing: AbortSignal
}

export class InboxStreams {
  readonly #parts: InboxStreamsParts

  constructor(parts: InboxStreamsParts) {
    this.#parts = parts
  }

  /** @throws {ProblemError} */
  answer(end: string, form: 'json' | 'sse', visit: Visit): Response {
    const headers = {
      ...OWN_DATA_HEADERS,
      ...(form === 'sse' ? EVENT_STREAM_HEADERS : { 'content-type': 'application/x-ndjson; charset=utf-8' }),
    }
    if (visit.request.method === 'HEAD') {
      this.requireInbox(end, visit)
      return new Response(null, { headers })
    }
    const feed = this.open(end, visit)
    return new Response(feedBody(feed, form === 'sse' ? serverSentEvent : jsonLine), { headers })
  }

  /**
   * The events for a client, once it is clear that it may have them.
   *
   * @throws {ProblemError} 400, 401, 403, 404, 429
   */
  open(end: string, visit: Visit): InboxFeed {
    const { open, limits, closing } = this.#parts
    const inbox = this.requireInbox(end, visit)
    const { headers } = visit.request
    const query = readFeedQuery(inbox, visit.query, headers.get('last-event-id'), Date.now())
    const leave = open.enter(visit.client.address ?? '')
    const gone = new AbortController()
    const signal = AbortSignal.any([gone.signal, visit.request.signal, closing])
    const events = readFeed(inbox, { ...query, end }, { keepAliveMs: limits.keepAliveMs, signal })
    // A client that goes while nothing is asked of the events would leave nobody to end them.
    const release = () => {
      leave()
      void events.return()
    }
    signal.addEventListener('abort', release, { once: true })
    return { events, end: () => gone.abort() }
  }

  /** @throws {ProblemError} 401, 403, 404 */
  requireInbox(end: string, { request, client }: Visit): Inbox {
    const { access, inbox } = this.#parts
    if (inbox === undefined) throw notFound(40_402, 'This gateway receives no messages.', 'Ask the receiver: "mayfly receive" runs one.')
    access.requireOwner(request.headers, client)
    if (inbox.ends().some((each) => each.end === end)) return inbox
    throw notFound(
      40_403,
      'That end is not received here.',
      `Received: ${inbox
        .ends()
        .map((each) => each.end)
        .join(', ')}.`,
    )
  }
}

/** @param write an event, as it is sent; empty for nothing */
export function feedBody({ events, end }: InboxFeed, write: (event: FeedEvent) => string): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder()
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        let next: IteratorResult<FeedEvent, void>
        try {
          next = await events.next()
        } catch (error) {
          end()
          throw error
        }
        if (next.done !== true) return controller.enqueue(encoder.encode(write(next.value)))
        end()
        controller.close()
      },
      cancel: end,
    },
    { highWaterMark: 0 }, // nothing is read before the client takes it
  )
}

/** An event as JSON for programs. */
export function feedJson(event: FeedEvent): string {
  return JSON.stringify(event.event === 'message' ? { event: 'message', ...messageFacts(event.message) } : event)
}

function jsonLine(event: FeedEvent): string {
  return `${feedJson(event)}\n`
}

/** Messages are events without a name, and their id is their sequence: who comes back goes on where it was. */
function serverSentEvent(event: FeedEvent): string {
  if (event.event === 'keepalive') return ':\n\n'
  if (event.event !== 'message') return `event: ${event.event}\ndata: ${feedJson(event)}\n\n`
  return `id: ${event.message.sequence}\ndata: ${feedJson(event)}\n\n`
}

function notFound(number: number, message: string, advice: string): ProblemError {
  return new ProblemError({ status: 404, code: 'ERR_NOT_FOUND', number, message, advice })
}
