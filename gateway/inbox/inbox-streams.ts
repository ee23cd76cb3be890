/** `GET /to/<end>/json` and `/sse`: an inbox's messages as lines of JSON or as server-sent events. `/ws` sends the same events. */

import { type Inbox, messageFacts } from '../../node/index.ts'
import type { Access } from '../http/access.ts'
import { EVENT_STREAM_HEADERS, encodeServerSentEvent, KEEPALIVE_COMMENT } from '../http/event-stream.ts'
import { type ProblemError, problemError } from '../http/problem.ts'
import { PROBLEM_NUMBERS } from '../http/problem-numbers.ts'
import { OWN_DATA_HEADERS } from '../http/security-headers.ts'
import type { FeedEvent, GatewayRequest, InboxFeed } from '../types.ts'
import { feedBody, type OpenFeed } from './client-feed.ts'
import { readFeedQuery } from './inbox-query.ts'

export type InboxStreams = ReturnType<typeof createInboxStreams>

/** @param inbox left out where nothing is received: then every request is answered so */
export function createInboxStreams(inbox: Inbox | undefined, openFeed: OpenFeed, access: Access) {
  /** @throws {ProblemError} 401, 403, 404 */
  function requireInbox(end: string, incoming: GatewayRequest): Inbox {
    if (inbox === undefined) {
      throw noInbox()
    }
    access.requireOwner(incoming)
    const ends = inbox.ends().map((each) => each.end)
    if (ends.includes(end)) return inbox
    const received = ends.join(', ')
    throw notFound(PROBLEM_NUMBERS.endNotReceived, 'That end is not received here.', `Received: ${received}.`)
  }

  /**
   * The events for a client that may read them.
   *
   * @throws {ProblemError} 400, 401, 403, 404, 429
   */
  function open(end: string, incoming: GatewayRequest): InboxFeed {
    const inbox = requireInbox(end, incoming)
    const query = readFeedQuery(inbox, incoming.query, incoming.request.headers.get('last-event-id'), Date.now())
    return openFeed(inbox, { ...query, end }, incoming)
  }

  return {
    requireInbox,
    open,
    /** @throws {ProblemError} */
    answer(end: string, form: 'json' | 'sse', incoming: GatewayRequest): Response {
      const headers = {
        ...OWN_DATA_HEADERS,
        ...(form === 'sse' ? EVENT_STREAM_HEADERS : { 'content-type': 'application/x-ndjson; charset=utf-8' }),
      }
      if (incoming.request.method === 'HEAD') {
        requireInbox(end, incoming)
        return new Response(null, { headers })
      }
      const feed = open(end, incoming)
      return new Response(feedBody(feed, form === 'sse' ? serverSentEvent : jsonLine, incoming), { headers })
    },
  }
}

/** An event as JSON. */
export function feedJson(event: FeedEvent): string {
  return JSON.stringify(event.event === 'message' ? { event: 'message', ...messageFacts(event.message) } : event)
}

function jsonLine(event: FeedEvent): string {
  return `${feedJson(event)}\n`
}

/**
 * A message is an event without a name. The id of each event is the position after it, so that a client that comes back continues there, even
 * if it was cut before its first message. An `EventSource` has an event `open` of its own.
 */
function serverSentEvent(event: FeedEvent): string {
  if (event.event === 'keepalive') return KEEPALIVE_COMMENT
  const data = feedJson(event)
  if (event.event === 'message') return encodeServerSentEvent({ id: event.message.sequence, data })
  return encodeServerSentEvent({ id: event.position, event: event.event === 'open' ? 'opened' : event.event, data })
}

/** Where nothing is received: what the operator, or the person who looked for messages, can do. */
export function noInbox(): ProblemError {
  return notFound(
    PROBLEM_NUMBERS.noInbox,
    'This gateway receives no messages.',
    'To receive some, start it with "mayfly start --receive NAME", run "mayfly receive", which prints the address of its own inbox, or open /messages, which receives for as long as the page is open.',
  )
}

function notFound(number: number, message: string, advice: string): ProblemError {
  return problemError(404, 'ERR_NOT_FOUND', message, { number, advice })
}
