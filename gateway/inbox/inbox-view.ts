/** The view of an inbox in a browser: its page, what the page is made of, and what its forms do. For its owner alone. */

import { createHash, randomBytes } from 'node:crypto'
import { createRecentMap } from '../../node/async/recent-map.ts'
import type { Inbox, InboxMessage, MessageDraft } from '../../node/index.ts'
import type { Access } from '../http/access.ts'
import { contentDisposition } from '../http/content-disposition.ts'
import { EVENT_STREAM_HEADERS, encodeServerSentEvent, KEEPALIVE_COMMENT, RETRY_FIELD } from '../http/event-stream.ts'
import { readFormFields } from '../http/form-body.ts'
import { ProblemError, problemOf } from '../http/problem.ts'
import { OWN_DATA_HEADERS } from '../http/security-headers.ts'
import type { FeedEvent, GatewayRequest } from '../types.ts'
import { type ClientFeedParts, feedBody, openClientFeed } from './client-feed.ts'
import { type DraftText, type Notice, outcomeNotice, refusedNotice, renderInboxPage, type ShownMessages, shownQuery } from './inbox-page.ts'
import { readSearch } from './inbox-query.ts'
import { INBOX_SCRIPT } from './inbox-script.ts'
import { INBOX_STYLE } from './inbox-style.ts'
import { messageHtml, messageHtmlOptions } from './message-html.ts'

export interface InboxViewParts extends ClientFeedParts {
  inbox: Inbox
  access: Access
  /** Path of the page. */
  home: string
  contentOrigin?: string
  /** Of mayfly, as it is running. */
  version: string
}

const PAGE_MESSAGES = 30
/** How long the page waits to tell that a message was stored, in ms; the outbox goes on all the same. */
const POST_WAIT_MS = 3_000
/** Outcomes that were not looked at. */
const MAX_NOTICES = 64
const MAX_FORM_BYTES = 262_144 // 64 KiB of text, each byte as %xx, and the small fields

const ASSETS = {
  style: { text: INBOX_STYLE, type: 'text/css; charset=utf-8' },
  script: { text: INBOX_SCRIPT, type: 'text/javascript; charset=utf-8' },
}

export class InboxView {
  readonly #parts: InboxViewParts
  /** By a random word in the address that a form leads to. Bounded: the oldest goes. */
  readonly #notices = createRecentMap<string, Notice>({ maxEntries: MAX_NOTICES })

  constructor(parts: InboxViewParts) {
    this.#parts = parts
  }

  /** `?end=`, `?search=`, `?before=`: which messages; `?re=`: a reply to one is begun; `?told=`: what became of what was just done. */
  page(incoming: GatewayRequest): Response {
    const { access, inbox } = this.#parts
    access.requireOwnerNavigation(incoming.request.headers, incoming.client)
    const re = inbox.message(Number(incoming.query.get('re') ?? 0))
    const shown = readShown(incoming.query)
    const draft: DraftText = { to: re === undefined ? openEnd(shown) : answerEnd(re), body: '', ...(re !== undefined && { re }) }
    return this.#render(incoming, shown, draft, this.#notices.get(incoming.query.get('told') ?? ''))
  }

  asset(name: keyof typeof ASSETS, { request }: GatewayRequest): Response {
    const { text, type } = ASSETS[name]
    const etag = `"${createHash('sha256').update(text).digest('base64url').slice(0, 22)}"`
    const headers = { ...OWN_DATA_HEADERS, 'content-type': type, 'cache-control': 'no-cache', etag }
    if (request.headers.get('if-none-match') === etag) return new Response(null, { status: 304, headers })
    return new Response(request.method === 'HEAD' ? null : text, { headers })
  }

  /** Messages that come after `?after=`, as the page shows them: `{sequence, end, html}` each, as server-sent events. */
  live(incoming: GatewayRequest): Response {
    const { access, inbox, home, contentOrigin } = this.#parts
    const { request, client, query } = incoming
    access.requireOwner(request.headers, client)
    const headers = { ...OWN_DATA_HEADERS, ...EVENT_STREAM_HEADERS }
    if (request.method === 'HEAD') return new Response(null, { headers })
    const { end, search } = readShown(query)
    const which = { ...(end !== undefined && { end }), ...(search !== undefined && { search }) }
    const after = Number(request.headers.get('last-event-id') ?? query.get('after') ?? 0)
    const feed = openClientFeed(inbox, { ...which, after: Number.isSafeInteger(after) ? after : 0, isPoll: false }, this.#parts, incoming)
    const shown = { inbox, home, contentOrigin, query: shownQuery({ end, search, before: undefined }) }
    return new Response(
      feedBody(feed, (event) => liveEvent(event, shown), incoming),
      { headers },
    )
  }

  /** The bytes of a message's body: to be saved, never shown, since a stranger wrote them. */
  body(sequence: string, { request, client }: GatewayRequest): Response {
    const { access, inbox } = this.#parts
    access.requireOwnerNavigation(request.headers, client)
    const message = /^\d{1,15}$/.test(sequence) ? inbox.message(Number(sequence)) : undefined
    if (message === undefined) throw new ProblemError({ status: 404, code: 'ERR_NOT_FOUND', message: 'There is no such message here.' })
    return new Response(request.method === 'HEAD' ? null : new Uint8Array(message.body), {
      headers: {
        ...OWN_DATA_HEADERS,
        'content-type': 'application/octet-stream',
        'content-length': String(message.body.byteLength),
        'content-security-policy': "sandbox; default-src 'none'",
        'content-disposition': contentDisposition({ filename: null, download: true }, `message-${message.sequence}`) ?? 'attachment',
      },
    })
  }

  /** Sends, and leads back to the page; what cannot be sent stays in its box, with why. */
  async post(incoming: GatewayRequest): Promise<Response> {
    const { access, inbox, closing } = this.#parts
    access.requireOwner(incoming.request.headers, incoming.client)
    const form = await readFormFields(incoming.request, MAX_FORM_BYTES)
    const to = (form.get('to') ?? '').trim()
    const body = (form.get('body') ?? '').replaceAll('\r\n', '\n')
    const re = inbox.message(form.get('re') ?? '')
    const shown = readShown(new URLSearchParams(form.get('back') ?? ''))
    const draft: DraftText = { to, body, ...(re !== undefined && { re }) }
    try {
      const message: MessageDraft = { body, ...(re !== undefined && { fields: { re: re.id } }) }
      const { outcome } = await inbox.post(to, message, { waitMs: POST_WAIT_MS, signal: closing })
      return this.#back(shown, outcomeNotice(inbox, to, outcome))
    } catch (error) {
      const problem = problemOf(error)
      if (problem === null) throw error
      return this.#render(incoming, shown, draft, refusedNotice(inbox, to, problem), problem.status)
    }
  }

  /** Names a sender, mutes it or hears it again, and leads back. */
  async setSender(incoming: GatewayRequest): Promise<Response> {
    const { access, inbox } = this.#parts
    access.requireOwner(incoming.request.headers, incoming.client)
    const form = await readFormFields(incoming.request, MAX_FORM_BYTES)
    const hashname = form.get('hashname') ?? ''
    const what = form.get('do')
    const name = (form.get('name') ?? '').trim()
    if (what === 'name') inbox.setSender(hashname, { name })
    else if (what === 'mute' || what === 'unmute') inbox.setSender(hashname, { isMuted: what === 'mute' })
    else throw new ProblemError({ status: 400, code: 'ERR_BAD_REQUEST', message: 'A sender can be named, muted, or heard again.' })
    const done = {
      name: name === '' ? 'The sender has no name now.' : `The sender is ${name} now.`,
      mute: 'The sender is muted: nothing more comes from there.',
      unmute: 'The sender is heard again.',
    }
    return this.#back(readShown(new URLSearchParams(form.get('back') ?? '')), { text: done[what], isProblem: false })
  }

  #back(shown: ShownMessages, notice: Notice): Response {
    const told = randomBytes(12).toString('base64url')
    this.#notices.set(told, notice)
    const query = shownQuery({ before: undefined, end: undefined, search: undefined, ...shown })
    query.set('told', told)
    return new Response(null, { status: 303, headers: { ...OWN_DATA_HEADERS, location: `${this.#parts.home}?${query}` } })
  }

  #render(incoming: GatewayRequest, shown: ShownMessages, draft: DraftText, notice: Notice | undefined, status = 200): Response {
    const { inbox, home, version, contentOrigin } = this.#parts
    const found = inbox.messages({ ...shown, limit: PAGE_MESSAGES + 1, first: 'newest' })
    const nonce = randomBytes(16).toString('base64')
    const html = renderInboxPage({
      inbox,
      home,
      shown,
      messages: found.slice(0, PAGE_MESSAGES),
      hasOlder: found.length > PAGE_MESSAGES,
      draft,
      version,
      nonce,
      ...(notice !== undefined && { notice }),
      ...(contentOrigin !== undefined && { contentOrigin }),
    })
    return new Response(incoming.request.method === 'HEAD' ? null : html, { status, headers: pageHeaders(nonce) })
  }
}

function readShown(query: URLSearchParams): ShownMessages {
  const end = query.get('end') ?? ''
  const before = query.get('before') ?? ''
  return {
    ...(end !== '' && { end }),
    ...readSearch(query),
    ...(/^\d{1,15}$/.test(before) && { before: Number(before) }),
  }
}

/** What was said in the open is answered there, and what was sealed to its sender. */
function answerEnd({ end, from }: InboxMessage): string {
  return end.startsWith('#') ? end : from
}

/** A page about an open end is one to write to it. */
function openEnd({ end = '' }: ShownMessages): string {
  return end.startsWith('#') ? end : ''
}

function liveEvent(event: FeedEvent, shown: Parameters<typeof messageHtmlOptions>[0]): string {
  if (event.event === 'open') return RETRY_FIELD
  if (event.event !== 'message') return KEEPALIVE_COMMENT
  const { sequence, end } = event.message
  const html = messageHtml(event.message, messageHtmlOptions(shown))
  return encodeServerSentEvent({ id: sequence, data: JSON.stringify({ sequence, end, html }) })
}

/**
 * Referrer-Policy is not `no-referrer`: under it browsers send forms with the Origin `null`, as they do for strangers' pages.
 *
 * @see https://fetch.spec.whatwg.org/#append-a-request-origin-header
 */
function pageHeaders(nonce: string): Record<string, string> {
  return {
    ...OWN_DATA_HEADERS,
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy':
      `default-src 'none'; script-src 'nonce-${nonce}'; style-src 'nonce-${nonce}'; img-src data:; connect-src 'self'; ` +
      "base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    'x-frame-options': 'DENY',
    'referrer-policy': 'same-origin',
    'cross-origin-opener-policy': 'same-origin',
  }
}
