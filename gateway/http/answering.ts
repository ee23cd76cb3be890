/** The way of each request through a gateway: to its answer, or to the words for what went wrong, counted and told to the log. */

import type { Client, Gateway, GatewayEvent, InboxFeed, Visit } from '../types.ts'
import { splitTarget } from './address.ts'
import { type Problem, ProblemError, problemOf } from './problem.ts'
import { problemAnswer } from './problem-answer.ts'
import type { RouteBindings } from './route.ts'

export interface AnsweringParts {
  answer: (visit: Visit, bindings: RouteBindings) => Promise<Response>
  openFeed: (visit: Visit) => InboxFeed
  /** Aborted when the gateway closes. */
  closing: AbortSignal
  countRequest?: (route: string, status: number) => void
  onEvent?: (event: GatewayEvent) => void
}

/** Longer paths are cut in the log. */
const MAX_LOGGED_PATH = 200
/** The status of a websocket that is opened. */
const SWITCHING = 101
const NO_QUERY = new URLSearchParams()

const STOPPING: Problem = { status: 503, code: 'ERR_NOT_STARTED', message: 'This gateway is stopping.', retryAfterS: 5 }
const BROKEN: Problem = { status: 500, code: 'ERR_INTERNAL', message: 'Something broke in this gateway. The operator finds it in the log.' }
/** 499 is what proxies write in their logs for a client that did not wait. */
const GONE_AWAY: Problem = { status: 499, code: 'ERR_UNAVAILABLE', message: 'The client went away.' }

/** Neither rejects. */
export interface Answering {
  fetch: Gateway['fetch']
  openFeed: Gateway['openFeed']
}

export function createAnswering({ answer, openFeed, closing, countRequest, onEvent }: AnsweringParts): Answering {
  function answerError(error: unknown, visit: Visit): Response {
    const { request } = visit
    const problem = problemOf(error)
    if (problem !== null) return problemAnswer(problem, request)
    if (closing.aborted) return problemAnswer(STOPPING, request)
    if (request.signal.aborted) return problemAnswer(GONE_AWAY, request) // nobody reads it
    onEvent?.(failureOf(error, visit))
    return problemAnswer(BROKEN, request)
  }

  /** What every request comes to, a websocket's handshake as well. */
  async function answerVisit<Answer>(
    visit: Visit,
    bindings: RouteBindings,
    find: () => Answer | Promise<Answer>,
  ): Promise<Answer | Response> {
    const startedAtMs = performance.now()
    let found: Answer | Response
    try {
      requireNoServiceWorker(visit.request.headers)
      found = await find()
    } catch (error) {
      found = answerError(error, visit)
    }
    const status = found instanceof Response ? found.status : SWITCHING
    countRequest?.(bindings.route, status)
    onEvent?.({
      type: 'request',
      method: visit.request.method,
      path: visit.path.slice(0, MAX_LOGGED_PATH),
      route: bindings.route,
      status,
      ms: performance.now() - startedAtMs,
      address: visit.client.address ?? '',
    })
    return found
  }

  return {
    fetch(request, client = {}) {
      const visit = visitOf(request, client)
      const bindings: RouteBindings = { visit, route: 'other' }
      return answerVisit(visit, bindings, () => answer(visit, bindings))
    },
    openFeed(request, client) {
      const visit = visitOf(request, client)
      return answerVisit(visit, { visit, route: 'messages-ws' }, () => openFeed(visit))
    },
  }
}

/** What the log is told of an error that nobody expected. */
export function failureOf(error: unknown, { request, client, path }: Visit): GatewayEvent {
  return { type: 'failed', method: request.method, path: path.slice(0, MAX_LOGGED_PATH), error, address: client.address ?? '' }
}

function visitOf(request: Request, client: Client): Visit {
  const { path, query } = splitTarget(client.target ?? request.url)
  return { request, client, path, query: query === '' ? NO_QUERY : new URLSearchParams(query) }
}

/** A held page that became a service worker would answer for everything here. No part of the app is one either. */
function requireNoServiceWorker(headers: Headers): void {
  if (!headers.has('service-worker') && headers.get('sec-fetch-dest') !== 'serviceworker') return
  throw new ProblemError({ status: 403, code: 'ERR_FORBIDDEN', message: 'Nothing here may become a service worker.' })
}
