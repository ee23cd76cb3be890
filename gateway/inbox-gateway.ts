/** Composes the gateway of a receiver by itself: its view at `/` and its messages for programs, without content and overlay. */

import { type Inbox, MESSAGE_LIMITS } from '../node/index.ts'
import { answerLimits, MESSAGE_FORM_LIMITS } from './api/limits-answer.ts'
import { createAccess } from './http/access.ts'
import { badAddress, pathFault } from './http/address.ts'
import { createAnswering, failureOf } from './http/answering.ts'
import { answerFavicon } from './http/favicon.ts'
import { healthAnswer } from './http/plain-page.ts'
import { problemError } from './http/problem.ts'
import { addRoute, createRouteApp, type RouteBindings } from './http/route.ts'
import { createClientFeeds } from './inbox/client-feed.ts'
import { createInboxStreams } from './inbox/inbox-streams.ts'
import { createInboxView } from './inbox/inbox-view.ts'
import { createClientQuota } from './limits/client-quota.ts'
import { createPostAdmission } from './limits/post-admission.ts'
import { createMessageRoutes } from './message-routes.ts'
import { createMessagePosts } from './messages/message-posts.ts'
import { GATEWAY_DEFAULTS, type Gateway, type GatewayEvent, type GatewayLimits, type GatewayRequest } from './types.ts'

export interface InboxGatewayOptions {
  inbox: Inbox
  /** Origin at which its owner reaches it, when that is not this machine. Its host is an allowed Host. */
  publicUrl?: string
  /** The token that its owner sends from other machines: as a Bearer token, or in a browser as the password. Without one, only this machine may. */
  token?: string
  /**
   * Origin of a gateway that serves content now: bodies that were too large for a message are linked there. Without one they are only named.
   */
  contentOrigin?: () => string | undefined
  /** The version of mayfly that is running. */
  version: string
  limits?: Partial<GatewayLimits>
  /** Called for every request and every failure. */
  onEvent?: (event: GatewayEvent) => void
}

/** @throws TypeError, when `publicUrl` is no URL */
export function createInboxGateway(options: InboxGatewayOptions): Gateway {
  const { inbox, version, contentOrigin, onEvent } = options
  const limits = { ...GATEWAY_DEFAULTS, ...options.limits }
  const closing = new AbortController()
  let draining = false

  const access = createAccess(options)
  const posts = createMessagePosts({
    post: (end, draft, wait) => inbox.post(end, draft, wait),
    entry: (id) => inbox.entry(id),
    publicUrl: options.publicUrl,
    limits,
    admit: createPostAdmission(limits),
    maxMessageBytes: MESSAGE_LIMITS.maxBodyBytes,
    // The receiver itself signs these posts.
    authorize: access.requireOwner,
    via: () => undefined,
    closing: closing.signal,
  })
  const openFeed = createClientFeeds({
    limits,
    open: createClientQuota(limits),
    closing: closing.signal,
    onFailed: (error, incoming) => onEvent?.(failureOf(error, incoming)),
  })
  const site = {
    home: '/',
    version,
    get contentOrigin() {
      return contentOrigin?.()
    },
  }
  const view = createInboxView({ inbox, openFeed, access, site, closing: closing.signal })
  const messages = createMessageRoutes({ posts, streams: createInboxStreams(inbox, openFeed, access), view })

  const app = createRouteApp(({ path }) => {
    throw problemError(404, 'ERR_NOT_FOUND', `There is no ${path.slice(0, 80)} here.`, { link: '/' })
  })
  messages.addTo(app)
  addRoute(app, '/favicon.ico', 'app', { GET: answerFavicon })
  addRoute(app, '/limits', 'limits', {
    GET: (incoming) => answerLimits({ http: { ...limits }, ...MESSAGE_FORM_LIMITS }, incoming),
  })
  addRoute(app, '/healthz', 'healthz', { GET: () => healthAnswer(draining) })

  async function answer(incoming: GatewayRequest, bindings: RouteBindings): Promise<Response> {
    const end = await messages.answer(incoming, bindings)
    if (end !== null) return end
    const fault = incoming.path.includes('%') ? 'it is encoded' : pathFault(incoming.path)
    if (fault !== null) throw badAddress(incoming.path, fault)
    return await app.fetch(incoming.request, bindings)
  }

  return {
    ...createAnswering({ answer, openFeed: messages.openFeed, closing: closing.signal, onEvent }),
    maxBodyBytes: posts.maxBodyBytes,
    takesSocket: messages.takesSocket,
    drain() {
      draining = true
    },
    close() {
      draining = true
      closing.abort()
    },
  }
}
