/**
 * The messages of an inbox as one sequence of events: the stored messages, a mark, then the new ones. A message that arrives only wakes the
 * reader; each one is read from the inbox, after the one before it. So none is lost or repeated between the stored and the new, and nothing
 * queues up here for a slow client.
 */

import { onAbort } from '../../node/async/abort.ts'
import { createWakeUp } from '../../node/async/wake-up.ts'
import type { Inbox } from '../../node/index.ts'
import type { FeedEvent } from '../types.ts'
import { type FeedQuery, newestSequence } from './inbox-query.ts'

export interface FeedOptions {
  /** A keepalive event is sent after so long without a message, in ms. */
  keepAliveMs: number
  /** Ends the feed. */
  signal: AbortSignal
}

/** Messages read at once: one client has at most so many times 64 KiB in memory. */
const PAGE_MESSAGES = 32

export async function* readFeed(inbox: Inbox, query: FeedQuery, options: FeedOptions): AsyncGenerator<FeedEvent, void> {
  const { isPoll, after = 0, ...filter } = query
  const { signal, keepAliveMs } = options
  const news = createWakeUp()
  const stopListening = inbox.onMessage(news.ring)
  const removeListener = onAbort(signal, news.ring)
  let cursor = after
  try {
    yield { event: 'open', hashname: inbox.hashname, ...(filter.end !== undefined && { end: filter.end }) }
    const storedUpTo = newestSequence(inbox)
    for (let isLive = false; !signal.aborted; ) {
      const page = inbox.messages({ ...filter, after: cursor, limit: PAGE_MESSAGES, first: 'oldest' })
      for (const message of page) {
        if (!isLive && message.sequence > storedUpTo) {
          isLive = true
          yield { event: 'end-of-stored' }
        }
        if (isLive && isPoll) return
        yield { event: 'message', message }
        cursor = message.sequence
        if (signal.aborted) return
      }
      if (page.length === PAGE_MESSAGES) continue
      if (!isLive) {
        isLive = true
        yield { event: 'end-of-stored' }
      }
      if (isPoll) return
      while (!(await news.wait(keepAliveMs))) yield { event: 'keepalive' }
    }
  } finally {
    stopListening()
    removeListener()
  }
}
