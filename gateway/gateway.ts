/** Puts the parts together: one function from a request to its answer. Content comes first and on the shortest way; Hono routes the rest. */

import { decodeKeyHex, type Key } from '../node/index.ts'
import { Access } from './access.ts'
import { parseContentPath, pathFault, splitTarget } from './address.ts'
import { badAddress, deniedContent, requireHash } from './address-problems.ts'
import { AppAnswers } from './app-answers.ts'
import { AppAssets } from './app-assets.ts'
import { BundleLookup } from './bundle-lookup.ts'
import { BundleReader } from './bundle-reader.ts'
import { ClientFetches } from './client-fetches.ts'
import { ContentAnswers } from './content-answer.ts'
import { ContentApi } from './content-api.ts'
import { ContentReader } from './content-reader.ts'
import { ContentSearch } from './content-search.ts'
import { HolderAnswers } from './holder-answers.ts'
import { answerIpfsBlock } from './ipfs-block.ts'
import { Metrics } from './metrics.ts'
import { OpenRequests } from './open-requests.ts'
import { answerPiece } from './piece-answer.ts'
import { type Problem, ProblemError, problemOf } from './problem.ts'
import { problemAnswer } from './problem-answer.ts'
import { ProviderAnswers } from './provider-answers.ts'
import { RateLimit } from './rate-limit.ts'
import { addRoute, createRouteApp, type RouteBindings } from './route.ts'
import { OWN_DATA_HEADERS } from './security-headers.ts'
import { answerStatus } from './status-answer.ts'
import { type Client, GATEWAY_DEFAULTS, type Gateway, type GatewayOptions, type Visit } from './types.ts'
import { ViewerPage } from './viewer-page.ts'

/** Longer paths are cut in the log. */
const MAX_LOGGED_PATH = 200
const NO_QUERY = new URLSearchParams()

const STOPPING: Problem = { status: 503, code: 'ERR_NOT_STARTED', message: 'This gateway is stopping.', retryAfterS: 5 }
const BROKEN: Problem = { status: 500, code: 'ERR_INTERNAL', message: 'Something broke in this gateway. The operator finds it in the log.' }
/** 499 is what proxies write in their logs for a client that did not wait. */
const GONE_AWAY: Problem = { status: 499, code: 'ERR_UNAVAILABLE', message: 'The client went away.' }

/** @throws TypeError, when `publicUrl` is no URL */
export function createGateway(options: GatewayOptions): Gateway {
  const { peer, publicUrl, version, onEvent } = options
  const limits = { ...GATEWAY_DEFAULTS, ...options.limits }
  const publicly = publicUrl === undefined ? {} : { publicUrl }
  const closing = new AbortController()
  let draining = false

  const access = new Access(options)
  const assets = new AppAssets(options.assetsDir)
  const open = new OpenRequests(limits)
  const rate = new RateLimit({ burst: limits.searchBurst, perSecond: limits.searchesPerSecond, now: () => performance.now() })
  const fetches = new ClientFetches(limits)
  const metrics = new Metrics({ peer, open: () => open.size, fetches: () => fetches.size })
  const shared = { peer, limits, rate, open, closing: closing.signal }
  const search = new ContentSearch(shared)
  const answers = new ContentAnswers(peer, limits.searchTimeoutMs)
  const viewer = new ViewerPage(assets.text('/viewer.html'))
  const requireAllowed = (hash: string) => {
    if (options.denied?.has(hash)) throw deniedContent()
  }
  const { searchTimeoutMs } = limits
  const bundles = new BundleReader({ peer, search, answers, lookup: new BundleLookup(), searchTimeoutMs, requireAllowed, ...publicly })
  const reader = new ContentReader({ search, answers, bundles, viewer, requireAllowed })
  const blocks = { search, requireAllowed, isAtHand: (key: Key) => peer.content.has(key) }
  const isRateLimited = limits.maxBytesPerSecondPerAddress > 0 || peer.status().limits.maxPeerBytesPerSecond > 0
  const pieces = { peer, requireAllowed, isRateLimited }
  const holders = new HolderAnswers(shared)
  const providers = new ProviderAnswers(shared)
  const api = new ContentApi({ peer, access, ...publicly })
  const status = { peer, access, version, limits, ...publicly, iceServers: options.iceServers ?? [] }
  const pages = new AppAnswers(assets)

  const app = createRouteApp((visit) => pages.elsewhere(visit))
  addRoute(app, '/', 'app', { GET: (visit) => pages.home(visit) })
  addRoute(app, '/messages', 'app', { GET: (visit) => pages.home(visit) })
  addRoute(app, '/to/:key', 'app', { GET: (visit) => pages.home(visit) })
  addRoute(app, '/assets/*', 'app', { GET: (visit) => pages.asset(visit) })
  addRoute(app, '/api/v1/status', 'status', { GET: (visit) => answerStatus(status, visit) })
  addRoute(app, '/api/v1/content', 'content-api', { PUT: (visit) => api.put(visit) })
  addRoute(app, '/api/v1/content/:key', 'content-api', { DELETE: (visit, text) => api.delete(requireHash(text), visit) })
  addRoute(app, '/api/v1/holders/:key', 'holders', {
    GET: (visit, text) => holders.answer(decodeKeyHex(requireHash(text)), text, visit),
  })
  addRoute(app, '/api/v1/pieces/:key', 'pieces', {
    GET: (visit, text) => fetches.run(visit, () => answerPiece(pieces, text, visit)),
  })
  addRoute(app, '/routing/v1/providers/:key', 'providers', { GET: (visit, cid) => providers.answer(cid, visit) })
  addRoute(app, '/ipfs/:key', 'ipfs', { GET: (visit, cid) => fetches.run(visit, () => answerIpfsBlock(blocks, cid, visit)) })
  addRoute(app, '/healthz', 'healthz', { GET: () => (draining ? plainText('stopping\n', 503) : plainText('ok\n', 200)) })
  addRoute(app, '/metrics', 'metrics', {
    GET: ({ request, client }) => {
      if (!access.isForeignPage(request.headers, client)) return plainText(metrics.text(), 200, '; version=0.0.4')
      throw new ProblemError({ status: 403, code: 'ERR_FORBIDDEN', message: 'Pages of other origins may not read the metrics.' })
    },
  })

  async function answer(visit: Visit, bindings: RouteBindings): Promise<Response> {
    requireNoServiceWorker(visit.request.headers)
    const address = parseContentPath(visit.path)
    if (address === null || address.inside !== undefined) {
      const fault = pathFault(visit.path)
      if (fault !== null) throw badAddress(visit.path, fault)
    }
    if (address !== null) {
      bindings.route = address.raw ? 'raw' : 'content'
      return await fetches.run(visit, () => reader.answer(address, visit))
    }
    // Only paths inside content, and ends, may be encoded; anywhere else it would be a second way to write the same thing.
    if (visit.path.includes('%') && !visit.path.startsWith('/to/')) throw badAddress(visit.path, 'it is encoded')
    return await app.fetch(visit.request, bindings)
  }

  function answerError(error: unknown, { request, client, path }: Visit): Response {
    const problem = problemOf(error)
    if (problem !== null) return problemAnswer(problem, request)
    if (closing.signal.aborted) return problemAnswer(STOPPING, request)
    if (request.signal.aborted) return problemAnswer(GONE_AWAY, request) // nobody reads it
    onEvent?.({ type: 'failed', method: request.method, path: path.slice(0, MAX_LOGGED_PATH), error, address: client.address ?? '' })
    return problemAnswer(BROKEN, request)
  }

  async function fetch(request: Request, client: Client = {}): Promise<Response> {
    const startedAtMs = performance.now()
    const { path, query } = splitTarget(client.target ?? request.url)
    const visit: Visit = { request, client, path, query: query === '' ? NO_QUERY : new URLSearchParams(query) }
    const bindings: RouteBindings = { visit, route: 'other' }
    const response = await answer(visit, bindings).catch((error: unknown) => answerError(error, visit))
    metrics.countRequest(bindings.route, response.status)
    onEvent?.({
      type: 'request',
      method: request.method,
      path: path.slice(0, MAX_LOGGED_PATH),
      route: bindings.route,
      status: response.status,
      ms: performance.now() - startedAtMs,
      address: client.address ?? '',
    })
    return response
  }

  return {
    get maxBodyBytes() {
      return api.maxBodyBytes
    },
    fetch,
    drain() {
      draining = true
    },
    close() {
      draining = true
      closing.abort()
    },
  }
}

/** A held page that became a service worker would answer for everything here. No part of the app is one either. */
function requireNoServiceWorker(headers: Headers): void {
  if (!headers.has('service-worker') && headers.get('sec-fetch-dest') !== 'serviceworker') return
  throw new ProblemError({ status: 403, code: 'ERR_FORBIDDEN', message: 'Nothing here may become a service worker.' })
}

function plainText(body: string, status: number, parameters = ''): Response {
  return new Response(body, { status, headers: { ...OWN_DATA_HEADERS, 'content-type': `text/plain${parameters}; charset=utf-8` } })
}
