/** Composes the gateway of a node: one function from a request to its answer. Content comes first and directly; Hono routes the rest. */

import { type Key, MESSAGE_LIMITS } from '../node/index.ts'
import { createContentApi } from './api/content-api.ts'
import { badDropName, createDropPuts, isDropPut } from './api/drop-puts.ts'
import { createHeldList } from './api/held-list.ts'
import { createHolderAnswers } from './api/holder-answers.ts'
import { iceServersOf } from './api/ice-servers.ts'
import { answerIpfsBlock } from './api/ipfs-block.ts'
import { answerLimits, MESSAGE_FORM_LIMITS } from './api/limits-answer.ts'
import { createMetrics } from './api/metrics.ts'
import { answerPiece } from './api/piece-answer.ts'
import { answerProviders } from './api/provider-answers.ts'
import { createShareVisits, isShareVisit } from './api/share-visits.ts'
import { answerStatus } from './api/status-answer.ts'
import { createAppAnswers, createAppAssets } from './app/app-assets.ts'
import { createLibraryAnswers } from './app/library-answer.ts'
import { answerSharePage, isProgram } from './app/share-answer.ts'
import { createBundleReader } from './content/bundle-reader.ts'
import { createContentAnswers } from './content/content-answer.ts'
import { createContentHost } from './content/content-host.ts'
import { createContentProofs } from './content/content-proof.ts'
import { createContentReader } from './content/content-reader.ts'
import { createContentSearch } from './content/content-search.ts'
import { SNIFFED_BYTES, sniffContentType } from './content/content-type.ts'
import { createReadyAnswers } from './content/ready-answers.ts'
import { createViewerPage } from './content/viewer-page.ts'
import { type Access, type AccessOptions, createAccess, isLocalUrl, type Sent } from './http/access.ts'
import { badAddress, deniedContent, parseContentPath, pathFault, requireHash } from './http/address.ts'
import { createAnswering, failureOf } from './http/answering.ts'
import { answerFavicon } from './http/favicon.ts'
import { findRefusedOrigin } from './http/page-origins.ts'
import { healthAnswer, plainAnswer, readyAnswer } from './http/plain-page.ts'
import { addRoute, createRouteApp, type RouteApp, type RouteBindings } from './http/route.ts'
import { createClientFeeds } from './inbox/client-feed.ts'
import { createInboxStreams } from './inbox/inbox-streams.ts'
import { createInboxView } from './inbox/inbox-view.ts'
import { createClientFetches } from './limits/client-fetches.ts'
import { createClientQuota } from './limits/client-quota.ts'
import { createFirstJoin } from './limits/first-join.ts'
import { createPostAdmission } from './limits/post-admission.ts'
import { createRateLimit } from './limits/rate-limit.ts'
import { createMessageRoutes } from './message-routes.ts'
import { createGuestAnswers } from './messages/guest-posts.ts'
import { createMessagePosts } from './messages/message-posts.ts'
import {
  GATEWAY_DEFAULTS,
  type GatewayOptions,
  type GatewayRequest,
  type GatewaySettings,
  type NodeGateway,
  type SearchContext,
} from './types.ts'

/** Links of what is shared: a page of the app for browsers, and words for programs. */
const SHARE_PAGES = [
  ['/s/:id', 'share', 'receive'],
  ['/d/:id', 'box', 'home'],
] as const

/** @throws TypeError, when `publicUrl` is no URL */
export function createGateway(options: GatewayOptions): NodeGateway {
  const { peer, publicUrl, version, inbox, onEvent } = options
  const limits = { ...GATEWAY_DEFAULTS, ...options.limits }
  const publicly = publicUrl === undefined ? {} : { publicUrl }
  const urlForOthers = () => publicUrl ?? options.urlForOthers?.()
  const originOfLinks = (url: string) => publicUrl ?? ((isLocalUrl(url) && options.urlForOthers?.()) || url)
  const closing = new AbortController()
  let draining = false
  let settings: GatewaySettings = options

  const rights = readRights(publicUrl, () => settings)
  const access = createAccess(rights)
  const refusedOrigin = (incoming: Sent) => findRefusedOrigin(incoming, access, rights)
  const contentHost = options.contentHost === undefined ? undefined : createContentHost(options.contentHost)
  const assets = createAppAssets(options.assetsDir, contentHost?.source)
  const open = createClientQuota(limits)
  const rate = createRateLimit({
    burst: limits.searchBurst,
    perSecond: limits.searchesPerSecond,
    now: () => performance.now(),
    words: { does: 'searches', things: 'searches' },
  })
  const fetches = createClientFetches(limits)
  const metrics = createMetrics(peer, open, fetches)
  const firstJoin = createFirstJoin(peer, limits.firstJoinMs, closing.signal)
  const shared: SearchContext = { peer, limits, rate, open, firstJoin, closing: closing.signal }
  const search = createContentSearch(shared)
  const proofs = createContentProofs(peer, limits)
  const isDenied = (hash: string) => options.denied?.has(hash) === true
  const requireAllowed = (hash: string) => {
    if (isDenied(hash)) throw deniedContent()
  }
  // With a content host, an answer depends on the host that is asked.
  const ready = contentHost === undefined ? createReadyAnswers({ content: peer.content, isDenied, isFree: fetches.isFree }) : undefined
  const answers = createContentAnswers({ peer, limits, access, proofs, ready })
  const answerWithViewer = createViewerPage(assets.text('/viewer.html'), contentHost?.source)
  const bundles = createBundleReader({ peer, search, answers, limits, requireAllowed, ...publicly })
  const answerContent = createContentReader({ search, answers, proofs, bundles, answerWithViewer, requireAllowed })
  const blocks = {
    open: search.open,
    prove: proofs.prove,
    requireAllowed,
    maxBlockBytes: limits.maxBlockBytes,
    isAtHand: (key: Key) => peer.content.has(key) || peer.content.knows(key),
  }
  const isRateLimited = () => limits.maxBytesPerSecondPerAddress > 0 || peer.status().limits.maxPeerBytesPerSecond > 0
  const pieces = { peer, requireAllowed, isRateLimited }
  const holders = createHolderAnswers(shared)
  const list = createHeldList({ peer, access, sniff: sniffContentType, sniffedBytes: SNIFFED_BYTES, countHolders: holders.countOnce })
  const api = createContentApi({ peer, access, list, originOfLinks })
  const library = createLibraryAnswers(assets, publicUrl)
  const status = {
    ...{ peer, access, version, limits, urlForOthers, refusedOrigin, build: assets.build },
    iceServers: () => iceServersOf(settings),
    library: library.facts,
  }
  const pages = createAppAnswers(assets)
  // This node would have to hold a larger body, in the name of a stranger.
  const maxMessageBytes = Math.min(peer.status().limits.maxMessageBytes, MESSAGE_LIMITS.maxBodyBytes)
  const admission = { admit: createPostAdmission(limits), authorize: access.requireNoForeignPage }
  const posting = { firstJoin, maxMessageBytes, closing: closing.signal, ...admission }
  const posts = createMessagePosts({
    ...posting,
    post: (end, draft, wait) => peer.messages.post(end, draft, wait),
    entry: (id) => peer.messages.entry(id),
    publicUrl,
    onOutbox: (listener) => peer.messages.onOutbox(listener),
    limits,
    via: (incoming) => publicUrl ?? access.ownHost(incoming) ?? incoming.client.localAddress ?? 'a gateway',
  })
  const guests = createGuestAnswers({ ...posting, peer, rate, open, guests: peer.messages.guests })
  const openClientFeed = createClientFeeds({ ...shared, onFailed: (error, incoming) => onEvent?.(failureOf(error, incoming)) })
  const site = { home: '/inbox', contentOrigin: '', version }
  const view = inbox && createInboxView({ inbox, openFeed: openClientFeed, access, site, closing: closing.signal })
  const streams = createInboxStreams(inbox, openClientFeed, access)
  const messages = createMessageRoutes({ posts, guests, streams, view, composer: pages.home })

  const drops = createDropPuts({ visitBox: options.visitBox, limits, rate, firstJoin, closing: closing.signal })
  const visits = createShareVisits({ passOn: options.passOn, limits, rate, firstJoin, refusedOrigin, closing: closing.signal })
  const app = createRouteApp(pages.elsewhere)
  for (const path of ['/', '/share', '/s', '/boxes', '/messages', '/people']) addRoute(app, path, 'app', { GET: pages.home })
  for (const [path, kind, page] of SHARE_PAGES)
    addRoute(app, path, 'app', { GET: (to) => (isProgram(to) ? answerSharePage(kind) : pages[page](visits.expect(to))) })
  addRoute(app, '/s/:id/first', 'share-visit', { GET: visits.answer })
  addRoute(app, '/favicon.ico', 'app', { GET: answerFavicon })
  for (const path of ['/app/*', '/assets/*']) addRoute(app, path, 'app', { GET: pages.file, POST: pages.missedShare })
  addRoute(app, '/lib/importmap.json', 'library', { GET: library.importMap })
  addRoute(app, '/lib/*', 'library', { GET: library.file })
  addRoute(app, '/api/v1/status', 'status', { GET: (incoming) => answerStatus(status, incoming) })
  addRoute(app, '/api/v1/content', 'content-api', { GET: list.answer, PUT: api.put }, 'owner')
  addRoute(app, '/api/v1/content/:key', 'content-api', { DELETE: (incoming, text) => api.delete(requireHash(text), incoming) })
  addRoute(app, '/api/v1/holders/:key', 'holders', { GET: (incoming, text) => holders.answer(requireHash(text), incoming) })
  addRoute(app, '/api/v1/pieces/:key', 'pieces', {
    GET: (incoming, text) => fetches.run(incoming, () => answerPiece(pieces, text, incoming)),
  })
  addRoute(app, '/routing/v1/providers/:key', 'providers', { GET: (incoming, cid) => answerProviders(shared, cid, incoming) })
  for (const path of ['/ipfs/:key', '/ipfs/:key/*'])
    addRoute(app, path, 'ipfs', { GET: (incoming, cid) => fetches.run(incoming, () => answerIpfsBlock(blocks, cid, incoming)) })
  messages.addTo(app)
  addRoute(app, '/limits', 'limits', {
    GET: (incoming) => answerLimits({ http: { ...limits }, peer: { ...peer.status().limits }, ...MESSAGE_FORM_LIMITS }, incoming),
  })
  addOperatorRoutes(app, { isDraining: () => draining, peer, access, metrics })

  async function answer(incoming: GatewayRequest, bindings: RouteBindings): Promise<Response> {
    const address = parseContentPath(incoming.path)
    if (address === null || address.inside !== undefined) {
      const fault = pathFault(incoming.path)
      if (fault !== null) throw isDropPut(incoming.path) ? badDropName(fault) : badAddress(incoming.path, fault)
    }
    const elsewhere = contentHost?.redirect(address, incoming)
    if (elsewhere !== undefined) return elsewhere
    if (address !== null) {
      bindings.route = address.raw ? 'raw' : 'content'
      return await fetches.run(incoming, () => answerContent(address, incoming))
    }
    const end = await messages.answer(incoming, bindings)
    if (end !== null) return access.shareWith(incoming, end)
    const drop = await drops.answer(incoming, bindings)
    if (drop !== null) return drop
    // Only ends and paths inside content may be encoded: anywhere else, encoding would be a second form of the same path.
    if (incoming.path.includes('%') && !incoming.path.startsWith('/app/to/')) throw badAddress(incoming.path, 'it is encoded')
    const found = await app.fetch(incoming.request, bindings)
    return bindings.route === 'message-state' ? access.shareWith(incoming, found) : found
  }

  const heard = { closing: closing.signal, countRequest: metrics.countRequest, onEvent }
  return {
    get maxBodyBytes() {
      return Math.max(api.maxBodyBytes(), posts.maxBodyBytes)
    },
    ...createAnswering({ answer, openFeed: messages.openFeed, openVisit: visits.open, ...(ready && { findReady: ready.find }), ...heard }),
    ...{ countStalled: metrics.countStalled, takesSocket: messages.takesSocket, takesVisit: isShareVisit },
    defersBody: isDropPut,
    refusedOrigin: (request, client) => refusedOrigin({ request, client }),
    configure(next) {
      const { maxFetchesPerAddress, maxBytesPerSecondPerAddress } = { ...GATEWAY_DEFAULTS, ...next.limits }
      Object.assign(limits, { maxFetchesPerAddress, maxBytesPerSecondPerAddress })
      settings = next
    },
    drain() {
      draining = true
    },
    close() {
      draining = true
      list.close()
      closing.abort()
    },
  }
}

interface OperatorRoutesParts {
  isDraining(): boolean
  peer: Pick<GatewayOptions['peer'], 'status'>
  access: Pick<Access, 'requireOwnerNavigation'>
  metrics: Pick<ReturnType<typeof createMetrics>, 'text'>
}

/** The routes for whoever runs the node, and for what watches over it. */
function addOperatorRoutes(app: RouteApp, { isDraining, peer, access, metrics }: OperatorRoutesParts): void {
  addRoute(app, '/healthz', 'healthz', { GET: () => healthAnswer(isDraining()) })
  addRoute(app, '/readyz', 'readyz', { GET: () => readyAnswer(isDraining(), peer.status()) })
  addRoute(app, '/metrics', 'metrics', {
    GET: (incoming) => {
      access.requireOwnerNavigation(incoming)
      return plainAnswer(metrics.text(), 200, '; version=0.0.4')
    },
  })
}

/** The settings of access control as they are at each use. */
function readRights(publicUrl: string | undefined, settings: () => GatewaySettings): AccessOptions {
  return {
    publicUrl,
    get token() {
      return settings().token
    },
    get allowedOrigins() {
      return settings().allowedOrigins
    },
  }
}
