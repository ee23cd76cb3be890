/** Composes the gateway of a node: one function from a request to its answer. Content comes first and directly; Hono routes the rest. */

import { decodeKeyHex, type Key, MESSAGE_LIMITS } from '../node/index.ts'
import { ContentApi } from './api/content-api.ts'
import { HolderAnswers } from './api/holder-answers.ts'
import { answerIpfsBlock } from './api/ipfs-block.ts'
import { answerLimits, MESSAGE_FORM_LIMITS } from './api/limits-answer.ts'
import { Metrics } from './api/metrics.ts'
import { answerPiece } from './api/piece-answer.ts'
import { ProviderAnswers } from './api/provider-answers.ts'
import { answerStatus } from './api/status-answer.ts'
import { AppAnswers } from './app/app-answers.ts'
import { AppAssets } from './app/app-assets.ts'
import { BundleLookup } from './content/bundle-lookup.ts'
import { BundleReader } from './content/bundle-reader.ts'
import { ContentAnswers } from './content/content-answer.ts'
import { ContentReader } from './content/content-reader.ts'
import { ContentSearch } from './content/content-search.ts'
import { ViewerPage } from './content/viewer-page.ts'
import { Access } from './http/access.ts'
import { parseContentPath, pathFault } from './http/address.ts'
import { badAddress, deniedContent, requireHash } from './http/address-problems.ts'
import { createAnswering, failureOf } from './http/answering.ts'
import { healthAnswer, plainAnswer } from './http/plain-answer.ts'
import { problemError } from './http/problem.ts'
import { addRoute, createRouteApp, type RouteBindings } from './http/route.ts'
import { ClientFeeds } from './inbox/client-feed.ts'
import { InboxStreams } from './inbox/inbox-streams.ts'
import { InboxView } from './inbox/inbox-view.ts'
import { ClientFetches } from './limits/client-fetches.ts'
import { ClientQuota } from './limits/client-quota.ts'
import { RateLimit } from './limits/rate-limit.ts'
import { MessageRoutes } from './message-routes.ts'
import { MessagePosts } from './messages/message-posts.ts'
import { GATEWAY_DEFAULTS, type Gateway, type GatewayOptions, type GatewayRequest } from './types.ts'

/** @throws TypeError, when `publicUrl` is no URL */
export function createGateway(options: GatewayOptions): Gateway {
  const { peer, publicUrl, version, onEvent } = options
  const limits = { ...GATEWAY_DEFAULTS, ...options.limits }
  const publicly = publicUrl === undefined ? {} : { publicUrl }
  const closing = new AbortController()
  let draining = false

  const access = new Access(options)
  const assets = new AppAssets(options.assetsDir)
  const open = new ClientQuota(limits)
  const rate = new RateLimit({
    burst: limits.searchBurst,
    perSecond: limits.searchesPerSecond,
    now: () => performance.now(),
    words: { does: 'searches', things: 'searches' },
  })
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
  const blocks = { get: search.get.bind(search), requireAllowed, isAtHand: (key: Key) => peer.content.has(key) }
  const isRateLimited = limits.maxBytesPerSecondPerAddress > 0 || peer.status().limits.maxPeerBytesPerSecond > 0
  const pieces = { peer, requireAllowed, isRateLimited }
  const holders = new HolderAnswers(shared)
  const providers = new ProviderAnswers(shared)
  const api = new ContentApi({ peer, access, ...publicly })
  const status = { peer, access, version, limits, ...publicly, iceServers: options.iceServers ?? [] }
  const pages = new AppAnswers(assets)
  const posts = new MessagePosts({
    post: (end, draft, wait) => peer.messages.post(end, draft, wait),
    onOutbox: (listener) => peer.messages.onOutbox(listener),
    limits,
    // This node would have to hold a larger body, in the name of a stranger.
    maxMessageBytes: Math.min(peer.status().limits.maxMessageBytes, MESSAGE_LIMITS.maxBodyBytes),
    authorize: (incoming) => access.requireNoForeignPage(incoming),
    via: (incoming) => publicUrl ?? access.ownHost(incoming) ?? incoming.client.localAddress ?? 'a gateway',
    closing: closing.signal,
  })
  const { inbox } = options
  const feeds = new ClientFeeds({ ...shared, onFailed: (error, incoming) => onEvent?.(failureOf(error, incoming)) })
  const site = { home: '/inbox', contentOrigin: '', version }
  const view = inbox && new InboxView({ inbox, feeds, access, site, closing: closing.signal })
  const streams = new InboxStreams({ inbox, feeds, access })
  const messages = new MessageRoutes({ posts, streams, view, composer: (incoming) => pages.home(incoming) })

  const app = createRouteApp((incoming) => pages.elsewhere(incoming))
  addRoute(app, '/', 'app', { GET: (incoming) => pages.home(incoming) })
  addRoute(app, '/messages', 'app', { GET: (incoming) => pages.home(incoming) })
  addRoute(app, '/assets/*', 'app', { GET: (incoming) => pages.asset(incoming) })
  addRoute(app, '/api/v1/status', 'status', { GET: (incoming) => answerStatus(status, incoming) })
  addRoute(app, '/api/v1/content', 'content-api', { PUT: (incoming) => api.put(incoming) })
  addRoute(app, '/api/v1/content/:key', 'content-api', { DELETE: (incoming, text) => api.delete(requireHash(text), incoming) })
  addRoute(app, '/api/v1/holders/:key', 'holders', {
    GET: (incoming, text) => holders.answer(decodeKeyHex(requireHash(text)), text, incoming),
  })
  addRoute(app, '/api/v1/pieces/:key', 'pieces', {
    GET: (incoming, text) => fetches.run(incoming, () => answerPiece(pieces, text, incoming)),
  })
  addRoute(app, '/routing/v1/providers/:key', 'providers', { GET: (incoming, cid) => providers.answer(cid, incoming) })
  addRoute(app, '/ipfs/:key', 'ipfs', { GET: (incoming, cid) => fetches.run(incoming, () => answerIpfsBlock(blocks, cid, incoming)) })
  messages.addTo(app)
  addRoute(app, '/limits', 'limits', {
    GET: (incoming) => answerLimits({ http: { ...limits }, peer: { ...peer.status().limits }, ...MESSAGE_FORM_LIMITS }, incoming),
  })
  addRoute(app, '/healthz', 'healthz', { GET: () => healthAnswer(draining) })
  addRoute(app, '/metrics', 'metrics', {
    GET: (incoming) => {
      if (!access.isForeignPage(incoming)) return plainAnswer(metrics.text(), 200, '; version=0.0.4')
      throw problemError(403, 'ERR_FORBIDDEN', 'Pages of other origins may not read the metrics.')
    },
  })

  async function answer(incoming: GatewayRequest, bindings: RouteBindings): Promise<Response> {
    const address = parseContentPath(incoming.path)
    if (address === null || address.inside !== undefined) {
      const fault = pathFault(incoming.path)
      if (fault !== null) throw badAddress(incoming.path, fault)
    }
    if (address !== null) {
      bindings.route = address.raw ? 'raw' : 'content'
      return await fetches.run(incoming, () => reader.answer(address, incoming))
    }
    const end = await messages.answer(incoming, bindings)
    if (end !== null) return end
    // Only ends and paths inside content may be encoded: anywhere else, encoding would be a second form of the same path.
    if (incoming.path.includes('%')) throw badAddress(incoming.path, 'it is encoded')
    return await app.fetch(incoming.request, bindings)
  }

  const openFeed = (incoming: GatewayRequest) => messages.openFeed(incoming)
  const answering = createAnswering({
    answer,
    openFeed,
    closing: closing.signal,
    countRequest: (route, status) => metrics.countRequest(route, status),
    ...(onEvent !== undefined && { onEvent }),
  })

  return {
    get maxBodyBytes() {
      return Math.max(api.maxBodyBytes, posts.maxBodyBytes)
    },
    ...answering,
    takesSocket: (target) => messages.takesSocket(target),
    drain() {
      draining = true
    },
    close() {
      draining = true
      closing.abort()
    },
  }
}
