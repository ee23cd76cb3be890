/** The events of an inbox on their way to one client: counted in the client's quota, ended with the client, and cut when the inbox fails. */

import { onAbort } from '../../node/async/abort.ts'
import { createWakeUp } from '../../node/async/wake-up.ts'
import type { Inbox } from '../../node/index.ts'
import { streamBody } from '../http/body-stream.ts'
import { refuseSandboxedPage } from '../http/sandboxed-page.ts'
import type { FeedEvent, GatewayRequest, InboxFeed, SearchContext } from '../types.ts'
import { type FeedQuery, newestSequence } from './inbox-query.ts'

/** Messages read at once: one client has at most so many times 64 KiB in memory. */
const PAGE_MESSAGES = 32

type ClientFeedsParts = Pick<SearchContext, 'limits' | 'open' | 'closing'> & {
  /** Called with the error of an inbox that cannot be read: the client is only cut. */
  onFailed: (error: unknown, incoming: GatewayRequest) => void
}

export type OpenFeed = ReturnType<typeof createClientFeeds>

/** Makes the function that opens a feed. @throws {ProblemError} 429 */
export function createClientFeeds({ limits, open, closing, onFailed }: ClientFeedsParts) {
  return (inbox: Inbox, query: FeedQuery, incoming: GatewayRequest): InboxFeed => {
    refuseSandboxedPage(incoming.request)
    const leave = open.enter(incoming.client.address)
    const gone = new AbortController()
    const signal = AbortSignal.any([gone.signal, incoming.request.signal, closing])
    const events = reporting(readFeed(inbox, query, limits.keepAliveMs, signal), (error) => onFailed(error, incoming))
    // A client may leave while it reads no event: then only the signal ends them.
    onAbort(signal, () => {
      leave()
      void events.return()
    })
    return { events, hasBeenEnded: () => signal.aborted, end: () => gone.abort() }
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

/**
 * The messages of an inbox as one sequence of events: the stored messages, a mark, then the new ones. A message that arrives only wakes the
 * reader; each one is read from the inbox, after the one before it. So none is lost or repeated between the stored and the new, and nothing
 * queues up here for a slow client.
 *
 * @param keepAliveMs a keepalive event is sent after so long without a message
 * @param signal ends the feed
 */
async function* readFeed(inbox: Inbox, query: FeedQuery, keepAliveMs: number, signal: AbortSignal): AsyncGenerator<FeedEvent, void> {
  const { isPoll, after, ...filter } = query
  const news = createWakeUp()
  const stopListening = inbox.onMessage(news.ring)
  const removeListener = onAbort(signal, news.ring)
  let position = after
  try {
    yield { event: 'open', hashname: inbox.hashname, ...(filter.end !== undefined && { end: filter.end }), position }
    const storedUpTo = newestSequence(inbox)
    for (let isLive = false; !signal.aborted; ) {
      const page = inbox.messages({ ...filter, after: position, limit: PAGE_MESSAGES, first: 'oldest' })
      for (const message of page) {
        if (!isLive && message.sequence > storedUpTo) {
          isLive = true
          yield { event: 'end-of-stored', position }
        }
        if (isLive && isPoll) return
        yield { event: 'message', message }
        position = message.sequence
        if (signal.aborted) return
      }
      if (page.length === PAGE_MESSAGES) continue
      if (!isLive) {
        isLive = true
        yield { event: 'end-of-stored', position }
      }
      if (isPoll) return
      while (!(await news.wait(keepAliveMs))) yield { event: 'keepalive', position }
    }
  } finally {
    stopListening()
    removeListener()
  }
}
