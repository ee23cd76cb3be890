/** Everything of a gateway that is about messages: `/to/<end>` and what follows it, and the pages of an inbox where there is one. */

import type { Inbox } from '../node/index.ts'
import type { Access } from './http/access.ts'
import { ProblemError } from './http/problem.ts'
import { addRoute, answerMethod, type RouteApp, type RouteBindings } from './http/route.ts'
import type { ClientFeedParts } from './inbox/client-feed.ts'
import { InboxStreams } from './inbox/inbox-streams.ts'
import { InboxView } from './inbox/inbox-view.ts'
import { type EndPath, parseEndPath } from './messages/end-path.ts'
import type { MessagePosts } from './messages/message-posts.ts'
import type { GatewayRequest, InboxFeed } from './types.ts'

export interface MessageRoutesParts extends ClientFeedParts {
  posts: MessagePosts
  /** The page to write to an end, where there is one: what a link to an end leads people to. */
  composer?: (incoming: GatewayRequest) => Promise<Response>
  /** Absent: nothing is received here. */
  inbox?: Inbox
  access: Access
  /** Where the view is: `/`, or `/inbox` beside other pages. */
  home: string
  /** Origin of this gateway's pages of content, where it has some. */
  contentOrigin?: string
  /** Of mayfly, as it is running. */
  version: string
}

export class MessageRoutes {
  readonly #posts: MessagePosts
  readonly #composer: MessageRoutesParts['composer']
  readonly #streams: InboxStreams
  readonly #view: InboxView | null
  readonly #home: string

  constructor({ posts, composer, home, inbox, ...parts }: MessageRoutesParts) {
    this.#posts = posts
    this.#composer = composer
    this.#home = home
    this.#streams = new InboxStreams({ ...parts, ...(inbox !== undefined && { inbox }) })
    this.#view = inbox === undefined ? null : new InboxView({ ...parts, inbox, home })
  }

  addTo(app: RouteApp): void {
    const view = this.#view
    if (view === null) return
    const read = (path: string, answer: (incoming: GatewayRequest) => Response | Promise<Response>) =>
      addRoute(app, path, 'inbox', { GET: answer }, 'owner')
    for (const path of new Set([this.#home, '/inbox'])) read(path, (incoming) => view.page(incoming))
    read('/inbox/view.css', (incoming) => view.asset('style', incoming))
    read('/inbox/view.js', (incoming) => view.asset('script', incoming))
    read('/inbox/live', (incoming) => view.live(incoming))
    addRoute(app, '/inbox/body/:key', 'inbox', { GET: (incoming, sequence) => view.body(sequence, incoming) }, 'owner')
    addRoute(app, '/inbox/post', 'inbox', { POST: (incoming) => view.post(incoming) })
    addRoute(app, '/inbox/sender', 'inbox', { POST: (incoming) => view.setSender(incoming) })
  }

  /** Null for a path that is not under `/to/<end>`. */
  async answer(incoming: GatewayRequest, bindings: RouteBindings): Promise<Response | null> {
    if (!incoming.path.startsWith('/to/')) return null
    const address = parseEndPath(incoming.path)
    if (incoming.path === '/to/') throw noEnd()
    if (address === null) return null
    if (address.part !== 'end') bindings.route = `messages-${address.part}`
    else bindings.route = incoming.request.method === 'POST' ? 'post' : 'app'
    return await this.#answerEnd(address, incoming)
  }

  #answerEnd({ end, part }: EndPath, incoming: GatewayRequest): Response | Promise<Response> {
    if (part === 'end') {
      const reads = this.#composer && { GET: this.#composer }
      return answerMethod({ ...reads, POST: () => this.#posts.answer(end, incoming) }, incoming, '', 'owner')
    }
    if (part === 'ws') return answerMethod({ GET: () => this.#requireSocket(end, incoming) }, incoming, '', 'owner')
    return answerMethod({ GET: () => this.#streams.answer(end, part, incoming) }, incoming, '', 'owner')
  }

  /** A request that is no handshake of a websocket. */
  #requireSocket(end: string, incoming: GatewayRequest): never {
    this.#streams.requireInbox(end, incoming)
    throw new ProblemError({
      status: 426,
      code: 'ERR_BAD_REQUEST',
      message: 'This is for a websocket.',
      advice: 'Ask for /json or /sse to get the same by plain HTTP.',
      headers: { upgrade: 'websocket', connection: 'upgrade' },
    })
  }

  takesSocket(target: string): boolean {
    return this.#view !== null && /^\/to\/[^/?]+\/ws(?:\?|$)/.test(target)
  }

  /** @throws {ProblemError} */
  openFeed(incoming: GatewayRequest): InboxFeed {
    const address = parseEndPath(incoming.path)
    if (address?.part === 'ws') return this.#streams.open(address.end, incoming)
    throw new ProblemError({ status: 404, code: 'ERR_NOT_FOUND', message: 'There is no websocket here.' })
  }
}

/** What is left of `/to/#wall`, which nobody can ask for: the rest of it stays with the client. */
function noEnd(): ProblemError {
  return new ProblemError({
    status: 400,
    code: 'ERR_BAD_END',
    number: 40_002,
    message: 'There is no end in that address.',
    advice: 'Write /to/wall, or /to/%23wall: an address ends at #.',
  })
}
