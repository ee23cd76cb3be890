/** Answers each request of a gateway, turns errors into problems, counts the answers and reports them to the log. */

import { type ClientAddress, UNKNOWN_CLIENT } from '../../node/index.ts'
import type { Client, Gateway, GatewayEvent, GatewayRequest, InboxFeed, ReadyAnswer, ShareVisit } from '../types.ts'
import { splitTarget } from './address.ts'
import { type Problem, problemError, problemOf, upgradeRequired } from './problem.ts'
import { problemAnswer } from './problem-answer.ts'
import type { RouteBindings } from './route.ts'

interface AnsweringParts {
  answer: (incoming: GatewayRequest, bindings: RouteBindings) => Promise<Response>
  openFeed: (incoming: GatewayRequest) => InboxFeed
  /** Finds an answer to a GET that lies ready. Left out where none does. */
  findReady?: (target: string, rawHeaders: readonly string[], client: ClientAddress) => ReadyAnswer | undefined
  /** Left out where no visitor is passed on. */
  openVisit?: (incoming: GatewayRequest) => ShareVisit
  /** Aborted when the gateway closes. */
  closing: AbortSignal
  countRequest?: (route: string, status: number) => void
  onEvent: ((event: GatewayEvent) => void) | undefined
}

/** Longer paths are cut in the log. */
const MAX_LOGGED_PATH = 200
/** The status of a websocket that opens. */
const SWITCHING = 101
const NO_QUERY = new URLSearchParams()

const STOPPING: Problem = { status: 503, code: 'ERR_NOT_STARTED', message: 'This gateway is stopping.', retryAfterS: 5 }
const BROKEN: Problem = { status: 500, code: 'ERR_INTERNAL', message: 'Something broke in this gateway. The operator finds it in the log.' }
/** The status that proxies log for a client that did not wait. */
const GONE_AWAY: Problem = { status: 499, code: 'ERR_UNAVAILABLE', message: 'The client went away.' }

export function createAnswering({
  answer,
  openFeed,
  findReady = () => undefined,
  openVisit = () => {
    throw problemError(404, 'ERR_NOT_FOUND', 'There is no websocket here.')
  },
  closing,
  countRequest,
  onEvent,
}: AnsweringParts): Pick<Gateway, 'fetch' | 'openFeed'> & Required<Pick<Gateway, 'findReady' | 'openVisit'>> {
  function answerError(error: unknown, incoming: GatewayRequest): Response {
    const { request } = incoming
    const problem = problemOf(error)
    if (problem !== null) return problemAnswer(problem, request)
    if (closing.aborted) return problemAnswer(STOPPING, request)
    if (request.signal.aborted) return problemAnswer(GONE_AWAY, request) // for the log alone
    onEvent?.(failureOf(error, incoming))
    return problemAnswer(BROKEN, request)
  }

  /** Runs a handler, for plain requests and websocket handshakes alike. */
  async function answerRequest<Answer>(
    incoming: GatewayRequest,
    bindings: RouteBindings,
    find: () => Answer | Promise<Answer>,
    isSocket = false,
  ): Promise<Answer | Response> {
    const startedAtMs = performance.now()
    let found: Answer | Response
    try {
      requireNoServiceWorker(incoming)
      if (!isSocket) requireNoLostUpgrade(incoming.request.headers)
      found = await find()
    } catch (error) {
      found = answerError(error, incoming)
    }
    const status = found instanceof Response ? found.status : SWITCHING
    const { request, path, client } = incoming
    countAnswer(request.method, path, client.address, bindings.route, status, startedAtMs)
    return found
  }

  function countAnswer(method: string, path: string, { ip }: ClientAddress, route: string, status: number, startedAtMs: number): void {
    countRequest?.(route, status)
    const ms = performance.now() - startedAtMs
    onEvent?.({ type: 'request', method, path: loggedPath(path), route, status, ms, address: ip })
  }

  return {
    findReady(target, rawHeaders, client) {
      const startedAtMs = performance.now()
      const found = findReady(target, rawHeaders, client)
      if (found !== undefined) countAnswer('GET', target, client, target.startsWith('/raw/') ? 'raw' : 'content', 200, startedAtMs)
      return found
    },
    fetch(request, client = {}) {
      const incoming = readRequest(request, client)
      const bindings: RouteBindings = { incoming, route: 'other' }
      return answerRequest(incoming, bindings, () => answer(incoming, bindings))
    },
    openFeed(request, client) {
      const incoming = readRequest(request, client)
      return answerRequest(incoming, { incoming, route: 'messages-ws' }, () => openFeed(incoming), true)
    },
    openVisit(request, client) {
      const incoming = readRequest(request, client)
      return answerRequest(incoming, { incoming, route: 'share-visit' }, () => openVisit(incoming), true)
    },
  }
}

/** The event of an unexpected error. */
export function failureOf(error: unknown, { request, client, path }: GatewayRequest): GatewayEvent {
  return { type: 'failed', method: request.method, path: loggedPath(path), error, address: client.address.ip }
}

/** The secret of a drop box stands in the path of what is put to it. */
function loggedPath(path: string): string {
  return path.replace(/^(\/d\/[^/]*\/).*$/s, '$1…').slice(0, MAX_LOGGED_PATH)
}

function readRequest(request: Request, client: Client): GatewayRequest {
  const { path, query } = splitTarget(client.target ?? request.url)
  return { request, client: { address: UNKNOWN_CLIENT, ...client }, path, query: query === '' ? NO_QUERY : new URLSearchParams(query) }
}

/** The service worker of the app, whose scope is the folder that it is in. */
const WORKER_PATH = '/app/worker.js'

/** A held page that became a service worker could answer for every address here. Only the app has one, for its pages under `/app/`. */
function requireNoServiceWorker({ path, request: { headers } }: GatewayRequest): void {
  if (path === WORKER_PATH) return
  if (!headers.has('service-worker') && headers.get('sec-fetch-dest') !== 'serviceworker') return
  throw problemError(403, 'ERR_FORBIDDEN', 'No script of this gateway but the one of its app may become a service worker.')
}

/** A client that sent the key of a websocket waits for one: the app's page would tell it nothing. */
function requireNoLostUpgrade(headers: Headers): void {
  const isUpgrade = headers.get('upgrade')?.toLowerCase() === 'websocket' && /\bupgrade\b/i.test(headers.get('connection') ?? '')
  if (isUpgrade || !headers.has('sec-websocket-key')) return
  throw upgradeRequired(
    'The key of a websocket came without "Connection: Upgrade" and "Upgrade: websocket".',
    'A proxy in front of this gateway has to pass websockets on.',
  )
}
