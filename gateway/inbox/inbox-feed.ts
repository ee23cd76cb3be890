/**
 * The messages of an inbox as one row of events: what is stored, a mark, and then what comes. Every message is read from the inbox, after the
 * one before it: what arrives only wakes the reader. So nothing is lost or given twice between the stored and the live, and nothing
 * piles up here for a reader that is slow.
 */

import type { Inbox } from '../../node/index.ts'
import type { FeedEvent } from '../types.ts'
import { type FeedQuery, newestSequence } from './inbox-query.ts'

export interface FeedOptions {
  keepAliveMs: number
  /** Ends the feed. */
  signal: AbortSignal
}

/** Messages read at once: at most so many times 64 KiB are in memory for one reader. */
const PAGE_MESSAGES = 32

export async function* readFeed(inbox: Inbox, query: FeedQuery, options: FeedOptions): AsyncGenerator<FeedEvent, void> {
  const { isPoll, after = 0, ...which } = query
  const { signal, keepAliveMs } = options
  let cursor = after
  let hasNews = false
  let wake = () => {}
  const ring = () => {
    hasNews = true
    wake()
  }
  const off = inbox.onMessage(ring)
  signal.addEventListener('abort', ring)
  try {
    yield { event: 'open', hashname: inbox.hashname, ...(which.end !== undefined && { end: which.end }) }
    const storedUpTo = newestSequence(inbox)
    for (let isLive = false; !signal.aborted; ) {
      hasNews = false
      const page = inbox.messages({ ...which, after: cursor, limit: PAGE_MESSAGES, first: 'oldest' })
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
      while (!hasNews && !signal.aborted) {
        const { promise, resolve } = Promise.withResolvers<void>()
        wake = resolve
        const timer = setTimeout(resolve, keepAliveMs)
        await promise
        clearTimeout(timer)
        if (!hasNews) yield { event: 'keepalive' }
      }
    }
  } finally {
    off()
    signal.removeEventListener('abort', ring)
  }
}
