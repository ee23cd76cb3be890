/** The query of a client of an inbox: where to begin, which words, and whether to stay for new messages. */

import { parseDuration } from '../../node/async/duration.ts'
import type { Inbox } from '../../node/index.ts'
import { type ProblemError, problemError } from '../http/problem.ts'
import { PROBLEM_NUMBERS } from '../http/problem-numbers.ts'

export interface FeedQuery {
  /** Only messages of this end; of every end when left out. */
  end?: string
  /** Only messages that arrived after this sequence. */
  after?: number
  /** Only messages stored at or after this time, in ms since the epoch. */
  sinceMs?: number
  search?: string
  /** True to end after the stored messages. */
  isPoll: boolean
}

/** A smaller number is a sequence, a larger one a time: as seconds it is the year 2001, and no inbox has so many messages. */
const FIRST_TIME_S = 1_000_000_000
const MAX_SEARCH_CHARS = 200

/**
 * @param lastSeen the `Last-Event-ID` of an event stream that comes back; it takes precedence over `since`
 * @throws {ProblemError} 400, 404
 */
export function readFeedQuery(inbox: Inbox, query: URLSearchParams, lastSeen: string | null, nowMs: number): FeedQuery {
  const poll = query.get('poll')
  const isPoll = poll !== null && poll !== '0' && poll !== 'false'
  const since = lastSeen ?? query.get('since') ?? (isPoll ? 'all' : 'now')
  return { isPoll, ...readSince(inbox, since, nowMs), ...readSearch(query) }
}

/** Empty for no search. */
export function readSearch(query: URLSearchParams): { search?: string } {
  const search = query.get('search')?.trim() ?? ''
  if (search.length > MAX_SEARCH_CHARS) throw badQuery(`A search has at most ${MAX_SEARCH_CHARS} characters.`)
  return search === '' ? {} : { search }
}

function readSince(inbox: Inbox, since: string, nowMs: number): { after?: number; sinceMs?: number } {
  if (since === 'all') return {}
  if (since === 'now') return { after: newestSequence(inbox) }
  if (/^\d{1,15}$/.test(since)) {
    const value = Number(since)
    return value < FIRST_TIME_S ? { after: value } : { sinceMs: 1_000 * value }
  }
  if (/^[0-9a-f]{64}$/.test(since)) return { after: sequenceOf(inbox, since) }
  const backMs = parseDuration(since)
  if (backMs !== undefined) return { sinceMs: nowMs - backMs }
  throw badQuery(
    `Cannot begin at ${JSON.stringify(since.slice(0, 80))}: since is a sequence, an id, a time in seconds since 1970, a duration such as 10m, all, or now.`,
  )
}

export function newestSequence(inbox: Inbox): number {
  return inbox.messages({ limit: 1, first: 'newest' })[0]?.sequence ?? 0
}

function sequenceOf(inbox: Inbox, id: string): number {
  const message = inbox.message(id)
  if (message !== undefined) return message.sequence
  throw problemError(404, 'ERR_NOT_FOUND', 'There is no message with that id here, so no later ones can be given.', {
    number: PROBLEM_NUMBERS.unknownMessage,
    advice: 'It may have been deleted for its age. Ask with since=all, or with a time.',
  })
}

function badQuery(message: string): ProblemError {
  return problemError(400, 'ERR_BAD_OPTION', message, { number: PROBLEM_NUMBERS.badInboxQuery })
}
