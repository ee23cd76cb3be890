/** The query of a client of an inbox: where to begin, which words, and whether to stay for new messages. */

import { parseDuration } from '../../node/async/duration.ts'
import type { Inbox } from '../../node/index.ts'
import { type ProblemError, problemError } from '../http/problem.ts'
import { PROBLEM_NUMBERS } from '../http/problem-numbers.ts'

export interface FeedQuery {
  /** Only messages of this end; of every end when left out. */
  end?: string
  /** Only messages that arrived after this sequence. */
  after: number
  search?: string
  /** True to end after the stored messages. */
  isPoll: boolean
}

/** A number is a sequence below this one, then a time in seconds: 2001 is the first, and no inbox has so many messages. */
const FIRST_TIME_S = 1_000_000_000
/** From here on a time in ms, as messages carry it: 1973, and the year 5138 as seconds. */
const FIRST_TIME_MS = 100_000_000_000
const MAX_SEARCH_CHARS = 200

/**
 * @param lastSeen the `Last-Event-ID` of an event stream that comes back; it takes precedence over `since`
 * @throws {ProblemError} 400, 404
 */
export function readFeedQuery(inbox: Inbox, query: URLSearchParams, lastSeen: string | null, nowMs: number): FeedQuery {
  const poll = query.get('poll')
  const isPoll = poll !== null && poll !== '0' && poll !== 'false'
  const since = lastSeen || query.get('since') || (isPoll ? 'all' : 'now')
  return { isPoll, after: readSince(inbox, since, nowMs), ...readSearch(query) }
}

/** Empty for no search. */
export function readSearch(query: URLSearchParams): { search?: string } {
  const search = query.get('search')?.trim() ?? ''
  if (search.length > MAX_SEARCH_CHARS) throw badQuery(`A search has at most ${MAX_SEARCH_CHARS} characters.`)
  return search === '' ? {} : { search }
}

/** The sequence after which the feed begins: a fixed position, which a reader that comes back can name. */
function readSince(inbox: Inbox, since: string, nowMs: number): number {
  if (since === 'all') return 0
  if (since === 'now') return newestSequence(inbox)
  if (/^\d{1,14}$/.test(since)) {
    const value = Number(since)
    // A sequence that no message has had yet comes from another inbox, such as an earlier one of that name: after it, nothing would be found.
    if (value < FIRST_TIME_S) return value > newestSequence(inbox) ? 0 : value
    return positionBefore(inbox, value < FIRST_TIME_MS ? 1_000 * value : value)
  }
  if (/^[0-9a-f]{64}$/.test(since)) return sequenceOf(inbox, since)
  const backMs = parseDuration(since)
  if (backMs !== undefined) return positionBefore(inbox, nowMs - backMs)
  throw badQuery(
    `Cannot begin at ${JSON.stringify(since.slice(0, 80))}: since is a sequence, an id, a time since 1970 in seconds or in milliseconds, a duration such as 10m, all, or now.`,
  )
}

/** The position before the first message that was stored at that time or later; that of `now` when there is none yet. */
function positionBefore(inbox: Inbox, sinceMs: number): number {
  const [first] = inbox.messages({ sinceMs, limit: 1, first: 'oldest' })
  return first === undefined ? newestSequence(inbox) : first.sequence - 1
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
