/** The view of an inbox in a browser, for its owner alone: the page, its assets, and the actions of its forms. */

import { createHash, randomBytes } from 'node:crypto'
import { createRecentMap } from '../../node/async/recent-map.ts'
import type { Inbox, InboxMessage, MessageDraft } from '../../node/index.ts'
import type { Access } from '../http/access.ts'
import { readFormFields } from '../http/bounded-body.ts'
import { contentDisposition } from '../http/content-disposition.ts'
import { EVENT_STREAM_HEADERS, encodeServerSentEvent, KEEPALIVE_COMMENT, RETRY_FIELD } from '../http/event-stream.ts'
import { problemError, problemOf } from '../http/problem.ts'
import { OWN_DATA_HEADERS } from '../http/security-headers.ts'
import type { FeedEvent, GatewayRequest } from '../types.ts'
import { feedBody, type OpenFeed } from './client-feed.ts'
import { type DraftText, type Notice, outcomeNotice, refusedNotice, renderInboxPage, type ShownMessages, shownQuery } from './inbox-page.ts'
import { readSearch } from './inbox-query.ts'
import { INBOX_SCRIPT } from './inbox-script.ts'
import { INBOX_STYLE } from './inbox-style.ts'
import { type InboxSite, messageHtml, messageHtmlOptions } from './message-html.ts'

interface InboxViewParts {
  inbox: Inbox
  openFeed: OpenFeed
  access: Access
  site: InboxSite
  /** Aborted when the gateway closes. */
  closing: AbortSignal
}

const PAGE_MESSAGES = 30
/** How long the page waits for a message to be stored, in ms. The outbox goes on without it. */
const POST_WAIT_MS = 3_000
/** Notices that no page has shown yet. */
const MAX_NOTICES = 64
const MAX_FORM_BYTES = 262_144 // 64 KiB of text, each byte as %xx, and the small fields

const ASSETS = {
  style: { text: INBOX_STYLE, type: 'text/css; charset=utf-8' },
  script: { text: INBOX_SCRIPT, type: 'text/javascript; charset=utf-8' },
}

export type InboxView = ReturnType<typeof createInboxView>

export function createInboxView({ inbox, openFeed, access, site, closing }: InboxViewParts) {
  /** By the random `told` of the address that a form redirects to. Bounded: MAX_NOTICES, oldest out first. */
  const notices = createRecentMap<string, Notice>({ maxEntries: MAX_NOTICES })

  function redirectHome(shown: ShownMessages, notice: Notice): Response {
    const told = randomBytes(12).toString('base64url')
    notices.set(told, notice)
    const query = shownQuery({ before: undefined, end: undefined, search: undefined, ...shown })
    query.set('told', told)
    return new Response(null, { status: 303, headers: { ...OWN_DATA_HEADERS, location: `${site.home}?${query}` } })
  }

  function render(incoming: GatewayRequest, shown: ShownMessages, draft: DraftText, notice: Notice | undefined, status = 200): Response {
    const found = inbox.messages({ ...shown, limit: PAGE_MESSAGES + 1, first: 'newest' })
    const nonce = randomBytes(16).toString('base64')
    const html = renderInboxPage({
      inbox,
      site,
      shown,
      messages: found.slice(0, PAGE_MESSAGES),
      hasOlder: found.length > PAGE_MESSAGES,
      draft,
      nonce,
      ...(notice !== undefined && { notice }),
    })
    return new Response(incoming.request.method === 'HEAD' ? null : html, { status, headers: pageHeaders(nonce) })
  }

  return {
    /** Path of the page. */
    home: site.home,
    /** Answers with the page. `?end=`, `?search=`, `?before=` choose messages; `?re=` begins a reply; `?told=` shows a notice of the last action. */
    page(incoming: GatewayRequest): Response {
      access.requireOwnerNavigation(incoming)
      const re = inbox.message(Number(incoming.query.get('re') ?? 0))
      const shown = readShown(incoming.query)
      const draft: DraftText = { to: re === undefined ? openEnd(shown) : answerEnd(re), body: '', ...(re !== undefined && { re }) }
      return render(incoming, shown, draft, notices.get(incoming.query.get('told') ?? ''))
    },
    asset(name: keyof typeof ASSETS, { request }: GatewayRequest): Response {
      const { text, type } = ASSETS[name]
      const etag = `"${createHash('sha256').update(text).digest('base64url').slice(0, 22)}"`
      const headers = { ...OWN_DATA_HEADERS, 'content-type': type, 'cache-control': 'no-cache', etag }
      if (request.headers.get('if-none-match') === etag) return new Response(null, { status: 304, headers })
      return new Response(request.method === 'HEAD' ? null : text, { headers })
    },
    /** Streams the messages after `?after=` as server-sent events, each `{sequence, end, html}` as the page shows it. */
    live(incoming: GatewayRequest): Response {
      const { request, query } = incoming
      access.requireOwner(incoming)
      const headers = { ...OWN_DATA_HEADERS, ...EVENT_STREAM_HEADERS }
      if (request.method === 'HEAD') return new Response(null, { headers })
      const { end, search } = readShown(query)
      const filter = { ...(end !== undefined && { end }), ...(search !== undefined && { search }) }
      const after = Number(request.headers.get('last-event-id') || query.get('after') || 0)
      const feed = openFeed(inbox, { ...filter, after: Number.isSafeInteger(after) ? after : 0, isPoll: false }, incoming)
      const shown = { inbox, site, query: shownQuery({ end, search, before: undefined }) }
      return new Response(
        feedBody(feed, (event) => liveEvent(event, shown), incoming),
        { headers },
      )
    },
    /** Answers with the bytes of a message's body, as a download: a stranger wrote them, so they are never shown. */
    body(incoming: GatewayRequest, sequence: string): Response {
      access.requireOwnerNavigation(incoming)
      const message = /^\d{1,15}$/.test(sequence) ? inbox.message(Number(sequence)) : undefined
      if (message === undefined) throw problemError(404, 'ERR_NOT_FOUND', 'There is no such message here.')
      return new Response(incoming.request.method === 'HEAD' ? null : new Uint8Array(message.body), {
        headers: {
          ...OWN_DATA_HEADERS,
          'content-type': 'application/octet-stream',
          'content-length': String(message.body.byteLength),
          'content-security-policy': "sandbox; default-src 'none'",
          'content-disposition': contentDisposition({ filename: null, download: true }, `message-${message.sequence}`) ?? 'attachment',
        },
      })
    },
    /** Sends a message and redirects to the page. A message that cannot be sent stays in the form, with the reason. */
    async post(incoming: GatewayRequest): Promise<Response> {
      access.requireOwner(incoming)
      const form = await readFormFields(incoming.request, MAX_FORM_BYTES)
      const to = (form.get('to') ?? '').trim()
      const body = (form.get('body') ?? '').replaceAll('\r\n', '\n')
      const re = inbox.message(form.get('re') ?? '')
      const shown = readShown(new URLSearchParams(form.get('back') ?? ''))
      const draft: DraftText = { to, body, ...(re !== undefined && { re }) }
      try {
        const message: MessageDraft = { body, ...(re !== undefined && { fields: { re: re.id } }) }
        const { outcome } = await inbox.post(to, message, { waitMs: POST_WAIT_MS, signal: closing })
        return redirectHome(shown, outcomeNotice(inbox, to, outcome))
      } catch (error) {
        const problem = problemOf(error)
        if (problem === null) throw error
        return render(incoming, shown, draft, refusedNotice(inbox, to, problem), problem.status)
      }
    },
    /** Names, mutes or unmutes a sender, and redirects to the page. */
    async setSender(incoming: GatewayRequest): Promise<Response> {
      access.requireOwner(incoming)
      const form = await readFormFields(incoming.request, MAX_FORM_BYTES)
      const hashname = form.get('hashname') ?? ''
      const action = form.get('do')
      const name = (form.get('name') ?? '').trim()
      if (action === 'name') inbox.setSender(hashname, { name })
      else if (action === 'mute' || action === 'unmute') inbox.setSender(hashname, { isMuted: action === 'mute' })
      else throw problemError(400, 'ERR_BAD_REQUEST', 'A sender can be named, muted or unmuted.')
      const notices = {
        name: name === '' ? 'The sender has no name now.' : `The sender is ${name} now.`,
        mute: 'The sender is muted: its messages are refused from now on.',
        unmute: 'The sender is not muted any more.',
      }
      return redirectHome(readShown(new URLSearchParams(form.get('back') ?? '')), { text: notices[action], isProblem: false })
    },
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

/** The end that a reply goes to: the open end of the message, or the sender of a sealed one. */
function answerEnd({ end, from }: InboxMessage): string {
  return end.startsWith('#') ? end : from
}

/** The end that is filled in on the page of an open end. */
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
