/** The events of an inbox on their way to one client: counted in the client's quota, ended with the client, and cut when the inbox fails. */

import { onAbort } from '../../node/async/abort.ts'
import type { Inbox } from '../../node/index.ts'
import { streamBody } from '../http/body-stream.ts'
import type { ClientQuota } from '../limits/client-quota.ts'
import type { FeedEvent, GatewayLimits, GatewayRequest, InboxFeed } from '../types.ts'
import { readFeed } from './inbox-feed.ts'
import type { FeedQuery } from './inbox-query.ts'

interface ClientFeedsParts {
  limits: GatewayLimits
  open: ClientQuota
  /** Aborted when the gateway closes. */
  closing: AbortSignal
  /** Called with the error of an inbox that cannot be read: the client is only cut. */
  onFailed: (error: unknown, incoming: GatewayRequest) => void
}

export type OpenFeed = ReturnType<typeof createClientFeeds>

/** Makes the function that opens a feed. @throws {ProblemError} 429 */
export function createClientFeeds({ limits, open, closing, onFailed }: ClientFeedsParts) {
  return (inbox: Inbox, query: FeedQuery, incoming: GatewayRequest): InboxFeed => {
    const leave = open.enter(incoming.client.address)
    const gone = new AbortController()
    const signal = AbortSignal.any([gone.signal, incoming.request.signal, closing])
    const events = reporting(readFeed(inbox, query, { keepAliveMs: limits.keepAliveMs, signal }), (error) => onFailed(error, incoming))
    // A client may leave while it reads no event: then only the signal ends them.
    onAbort(signal, () => {
      leave()
      void events.return()
    })
    return { events, end: () => gone.abort() }
  }
}

/** The body of an answer. @param write writes an event as it is sent */
export function feedBody(feed: InboxFeed, write: (event: FeedEvent) => string, { client }: GatewayRequest): ReadableStream<Uint8Array> {
  const read = async function* () {
    for await (const event of feed.events) yield write(event)
  }
  return streamBody(read, { cut: client.cut, onEnd: feed.end })
}

async function* reporting(events: AsyncGenerator<FeedEvent, void>, onFailed: (error: unknown) => void): AsyncGenerator<FeedEvent, void> {
  try {
    yield* events
  } catch (error) {
    onFailed(error)
    throw error
  }
}
