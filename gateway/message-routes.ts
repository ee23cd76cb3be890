/** The routes of messages: `/to/<end>` and the paths below it, and the pages of an inbox where there is one. */

import { parseEnd } from '../node/index.ts'
import { badAddress, pathFault } from './http/address.ts'
import { isNavigation, NAVIGATION_HEADERS } from './http/navigation.ts'
import { type ProblemError, problemError, upgradeRequired } from './http/problem.ts'
import { PROBLEM_NUMBERS } from './http/problem-numbers.ts'
import { addRoute, answerMethod, type RouteApp, type RouteBindings, type RouteHandler } from './http/route.ts'
import { type InboxStreams, noInbox } from './inbox/inbox-streams.ts'
import type { InboxView } from './inbox/inbox-view.ts'
import type { GuestAnswers } from './messages/guest-posts.ts'
import type { MessagePosts } from './messages/message-posts.ts'
import type { GatewayRequest, InboxFeed } from './types.ts'

interface EndPath {
  /** `#name` or a hashname. */
  end: string
  /** The requested part: the end itself, to post to, or a form of its messages. */
  part: 'end' | 'json' | 'sse' | 'ws'
}

const END_PATH = /^\/to\/([^/]+)(?:\/(json|sse|ws))?$/
/** The form of a hashname, mistyped or not: it must not become the name of an open end, whose messages everybody can read. */
const LIKE_A_HASHNAME = /^[a-z2-7]{52}$/i

interface MessageRoutesParts {
  posts: Pick<MessagePosts, 'answer' | 'state'>
  /** Left out where no signed messages are taken. */
  guests?: GuestAnswers | undefined
  streams: InboxStreams
  /** Left out where nothing is received. */
  view?: InboxView | undefined
  /** Answers `GET /to/<end>` with the page to write to it; left out where there is no such page. */
  composer?: (incoming: GatewayRequest) => Promise<Response>
}

export function createMessageRoutes({ posts, guests, streams, view, composer }: MessageRoutesParts) {
  /** To a person the page to write to the end; to a program, which would take that page for messages, what to ask instead. */
  async function answerReader(incoming: GatewayRequest): Promise<Response> {
    if (composer === undefined || !isNavigation(incoming.request.headers)) throw nothingToRead(view !== undefined)
    const page = await composer(incoming)
    page.headers.append('vary', NAVIGATION_HEADERS)
    return page
  }

  function answerEnd({ end, part }: EndPath, incoming: GatewayRequest): Response | Promise<Response> {
    if (part === 'end') {
      return answerMethod({ GET: answerReader, POST: () => posts.answer(end, incoming) }, incoming, '', 'owner')
    }
    const read = () => (part === 'ws' ? requireSocket(end, incoming) : streams.answer(end, part, incoming))
    return answerMethod({ GET: read }, incoming, '', 'owner')
  }

  /** Answers a plain request for `/ws`, which is no websocket handshake. */
  function requireSocket(end: string, incoming: GatewayRequest): never {
    streams.requireInbox(end, incoming)
    throw upgradeRequired('This address is for a websocket.', 'Ask for /json or /sse to get the same by plain HTTP.')
  }

  return {
    addTo(app: RouteApp): void {
      addRoute(app, '/api/v1/messages/:key', 'message-state', { GET: (incoming, id) => posts.state(id, incoming) }, 'owner')
      if (guests !== undefined) {
        addRoute(app, '/api/v1/envelopes', 'envelopes', { GET: guests.terms, POST: guests.post }, 'owner')
        addRoute(app, '/api/v1/public-keys/:key', 'public-keys', { GET: (incoming, key) => guests.publicKey(key, incoming) }, 'owner')
      }
      if (view === undefined) {
        for (const path of ['/inbox', '/inbox/*']) {
          addRoute(app, path, 'inbox', {
            GET: () => {
              throw noInbox()
            },
          })
        }
        return
      }
      const addPage = (path: string, answer: RouteHandler) => addRoute(app, path, 'inbox', { GET: answer }, 'owner')
      for (const path of new Set([view.home, '/inbox'])) addPage(path, view.page)
      addPage('/inbox/view.css', (incoming) => view.asset('style', incoming))
      addPage('/inbox/view.js', (incoming) => view.asset('script', incoming))
      addPage('/inbox/live', view.live)
      addPage('/inbox/body/:key', view.body)
      addRoute(app, '/inbox/post', 'inbox', { POST: view.post })
      addRoute(app, '/inbox/sender', 'inbox', { POST: view.setSender })
    },
    /** Null for a path that is not under `/to/<end>`. */
    async answer(incoming: GatewayRequest, bindings: RouteBindings): Promise<Response | null> {
      if (!incoming.path.startsWith('/to/')) return null
      const address = parseEndPath(incoming.path)
      if (incoming.path === '/to/') throw noEnd()
      if (address === null) return null
      if (address.part !== 'end') bindings.route = `messages-${address.part}`
      else bindings.route = incoming.request.method === 'POST' ? 'post' : 'app'
      return await answerEnd(address, incoming)
    },
    takesSocket(target: string): boolean {
      return view !== undefined && /^\/to\/[^/?]+\/ws(?:\?|$)/.test(target)
    },
    /** @throws {ProblemError} */
    openFeed(incoming: GatewayRequest): InboxFeed {
      const address = parseEndPath(incoming.path)
      if (address?.part === 'ws') return streams.open(address.end, incoming)
      throw problemError(404, 'ERR_NOT_FOUND', 'There is no websocket here.')
    },
  }
}

/** @param isReceiving this gateway has an inbox */
function nothingToRead(isReceiving: boolean): ProblemError {
  const read = isReceiving
    ? 'The owner of this gateway reads its messages at /inbox, and below this address at /json, /sse and /ws.'
    : 'They are read where they are received: by "mayfly receive", or in the app, at /messages.'
  return problemError(405, 'ERR_METHOD', 'Messages are posted to this address, not read from it.', {
    advice: `POST one here, as curl does with -d "your text". ${read}`,
    headers: { allow: 'POST, OPTIONS' },
  })
}

/** The problem of `/to/#wall`: clients keep the part from # on, so only `/to/` arrives. */
function noEnd(): ProblemError {
  return problemError(400, 'ERR_BAD_END', 'There is no end in that address.', {
    number: PROBLEM_NUMBERS.notAnEnd,
    advice: 'Write /to/wall, or /to/%23wall: an address ends at #.',
  })
}

/**
 * Parses `/to/<end>` and the paths below it; null for every other path. The end is decoded exactly once.
 *
 * @throws {ProblemError} 400, for a path that is badly encoded
 * @throws {MayflyError} ERR_BAD_END
 */
function parseEndPath(path: string): EndPath | null {
  const match = END_PATH.exec(path)
  if (match === null) return null
  const fault = pathFault(path)
  if (fault !== null) throw badAddress(path, fault)
  const [, segment = '', part = 'end'] = match
  const text = decodeURIComponent(segment)
  const end = parseEnd(text.startsWith('#') || LIKE_A_HASHNAME.test(text) ? text : `#${text}`)
  return { end: end.text, part: part as EndPath['part'] }
}
