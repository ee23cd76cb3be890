/** The messages of an inbox on their way to one client: counted among what stays open, ended with it, and cut where the inbox breaks. */

import type { Inbox } from '../../node/index.ts'
import type { ClientQuota } from '../limits/client-quota.ts'
import type { FeedEvent, GatewayLimits, GatewayRequest, InboxFeed } from '../types.ts'
import { readFeed } from './inbox-feed.ts'
import type { FeedQuery } from './inbox-query.ts'

export interface ClientFeedParts {
  limits: GatewayLimits
  open: ClientQuota
  /** Aborted when the gateway closes. */
  closing: AbortSignal
  /** Hears of an inbox that cannot be read: the client is only cut. */
  onFailed: (error: unknown, incoming: GatewayRequest) => void
}

/** @throws {ProblemError} 429 */
export function openClientFeed(inbox: Inbox, query: FeedQuery, parts: ClientFeedParts, incoming: GatewayRequest): InboxFeed {
  const { open, limits, closing, onFailed } = parts
  const leave = open.enter(incoming.client.address)
  const gone = new AbortController()
  const signal = AbortSignal.any([gone.signal, incoming.request.signal, closing])
  const events = reporting(readFeed(inbox, query, { keepAliveMs: limits.keepAliveMs, signal }), (error) => onFailed(error, incoming))
  // A client that goes while nothing is asked of the events would leave nobody to end them.
  const release = () => {
    leave()
    void events.return()
  }
  signal.addEventListener('abort', release, { once: true })
  return { events, end: () => gone.abort() }
}

/**
 * The body of an answer.
 *
 * @param write an event, as it is sent
 */
export function feedBody(feed: InboxFeed, write: (event: FeedEvent) => string, { client }: GatewayRequest): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder()
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const next = await feed.events.next()
          if (next.done !== true) return controller.enqueue(encoder.encode(write(next.value)))
          feed.end()
          controller.close()
        } catch (error) {
          feed.end()
          // The server ends the connection by itself, so that what was sent is not taken for all; without one, whoever reads is told.
          if (client.cut === undefined) controller.error(error)
          else client.cut()
        }
      },
      cancel: feed.end,
    },
    { highWaterMark: 0 }, // nothing is read before the client takes it
  )
}

async function* reporting(events: AsyncGenerator<FeedEvent, void>, onFailed: (error: unknown) => void): AsyncGenerator<FeedEvent, void> {
  try {
    yield* events
  } catch (error) {
    onFailed(error)
    throw error
  }
}
