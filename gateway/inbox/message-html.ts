/** One message of an inbox as HTML: the same in the page, and when it arrives while the page is open. */

import { bodyText, type Inbox, type InboxMessage } from '../../node/index.ts'
import { parseContentPath } from '../http/address.ts'
import { lineHtml, linkHtml, textHtml } from './safe-text.ts'

/** Where an inbox is shown. */
export interface InboxSite {
  /** Path of the view: `/`, or `/inbox` beside other pages. */
  home: string
  /** Origin of a gateway that serves content, in front of the path of a link to content. Left out where such a path leads nowhere. */
  contentOrigin?: string | undefined
  /** The version of mayfly that is running. */
  version: string
}

interface MessageHtmlOptions {
  inbox: Inbox
  site: InboxSite
  /** Senders that the owner has named or muted, by hashname. */
  senders: ReadonlyMap<string, { name: string; isMuted: boolean }>
  /** The query of the page that shows the message, which its forms return to. */
  query: URLSearchParams
}

/** Reads the senders once, for all messages that are shown at the same time. */
export function messageHtmlOptions(given: Omit<MessageHtmlOptions, 'senders'>): MessageHtmlOptions {
  return { ...given, senders: new Map(given.inbox.senders().map((sender) => [sender.hashname, sender])) }
}

/** Fields that the view shows in words of its own. */
const OWN_FIELDS: ReadonlySet<string> = new Set(['re', 'via', 'link'])
const SNIPPET_CHARS = 80
/** A longer body may be higher than the view, on a phone too: it scrolls in itself. */
const LONG_CHARS = 400
const LONG_LINES = 10

export function messageHtml(message: InboxMessage, options: MessageHtmlOptions): string {
  const { sequence, end, from, isSealed } = message
  const facts = [
    isSealed
      ? `<span class="sealed">sealed to you</span>`
      : `<span>to <a href="${pageLink(options.site.home, { end })}">${endHtml(end)}</a></span>`,
    timeHtml(message),
  ]
  return (
    `<article id="m${sequence}" data-sequence="${sequence}" data-end="${lineHtml(end)}" aria-labelledby="f${sequence}">` +
    `<header><h3 id="f${sequence}">${senderHtml(message, options)}</h3><p class="facts">${facts.join(' · ')}</p></header>` +
    `${answersHtml(message, options)}${bodyHtml(message)}${fieldsHtml(message, options)}` +
    `<footer><a class="button quiet" href="${pageLink(options.site.home, { ...Object.fromEntries(options.query), re: String(sequence) })}#body">Reply</a>` +
    `${senderForm(from, options)}</footer></article>`
  )
}

/** The beginning of a hashname: enough to tell people apart. */
export function shortHashname(hashname: string): string {
  return hashname.length > 8 ? `${hashname.slice(0, 8)}…` : hashname
}

/** The name of an open end; a hashname in short, with the whole in its title. */
export function endHtml(end: string): string {
  return end.startsWith('#') ? `<bdi>${lineHtml(end)}</bdi>` : `<code title="${lineHtml(end)}">${lineHtml(shortHashname(end))}</code>`
}

/** The address of a page of the view, safe in an attribute. */
export function pageLink(home: string, parameters: Record<string, string>): string {
  const query = new URLSearchParams(parameters).toString()
  return lineHtml(query === '' ? home : `${home}?${query}`)
}

function senderHtml({ name, from }: InboxMessage, { inbox }: MessageHtmlOptions): string {
  if (from === inbox.hashname) return 'You'
  const short = `<code title="${lineHtml(from)}">${lineHtml(shortHashname(from))}</code>`
  return name === undefined ? short : `<bdi>${lineHtml(name)}</bdi> <span class="facts">${short}</span>`
}

/** In UTC, until the page's script writes it in the reader's time zone. */
function timeHtml({ storedAtMs, sentAtMs }: InboxMessage): string {
  const arrived = new Date(storedAtMs).toISOString()
  const sent = new Date(sentAtMs).toISOString()
  return `<time datetime="${arrived}" title="sent ${sent}">${arrived.slice(0, 16).replace('T', ' ')} UTC</time>`
}

/** A link to the message that this one answers, when it is here too. */
function answersHtml({ fields }: InboxMessage, { inbox, site }: MessageHtmlOptions): string {
  if (fields.re === undefined) return ''
  const answered = inbox.message(fields.re)
  if (answered === undefined) return `<p class="answers">answers a message that is not here</p>`
  const { sequence } = answered
  const text = bodyText(answered) ?? answered.type
  const snippet = text.length > SNIPPET_CHARS ? `${text.slice(0, SNIPPET_CHARS)}…` : text
  return `<p class="answers">answers <a href="${pageLink(site.home, { before: String(sequence + 1) })}#m${sequence}"><bdi>${lineHtml(snippet)}</bdi></a></p>`
}

function bodyHtml(message: InboxMessage): string {
  const { sequence, type, body, fields } = message
  if (body.byteLength === 0 && fields.link !== undefined)
    return `<p class="file">${lineHtml(type)}, too large for a message: its link leads to it</p>`
  const text = bodyText(message)
  if (text !== undefined) {
    // A long body scrolls in itself; the keyboard scrolls only what it can focus.
    const isLong = text.length > LONG_CHARS || text.split('\n').length > LONG_LINES
    return `<div class="body" dir="auto"${isLong ? ' tabindex="0" role="group" aria-label="Message"' : ''}>${textHtml(text)}</div>`
  }
  const size = `${body.byteLength.toLocaleString('en')} bytes`
  return `<p class="file">${lineHtml(type)}, ${size} · <a href="/inbox/body/${sequence}" download>Save</a></p>`
}

function fieldsHtml({ fields }: InboxMessage, { site }: MessageHtmlOptions): string {
  const rows = Object.entries(fields)
    .filter(([name]) => !OWN_FIELDS.has(name))
    .map(([name, value]) => fieldRow(name, `<bdi>${lineHtml(value)}</bdi>`))
  if (fields.link !== undefined) rows.unshift(fieldRow('link', contentLinkHtml(fields.link, site.contentOrigin)))
  if (fields.via !== undefined) rows.push(fieldRow('via', `<bdi>${lineHtml(fields.via)}</bdi>, which signed it for its visitor`))
  return rows.length === 0 ? '' : `<dl>${rows.join('')}</dl>`
}

function fieldRow(name: string, value: string): string {
  return `<div><dt>${lineHtml(name)}</dt><dd>${value}</dd></div>`
}

/** Only an address of content becomes a link. */
function contentLinkHtml(link: string, contentOrigin: string | undefined): string {
  const isPath = link.startsWith('/')
  const url = URL.canParse(isPath ? `http://localhost${link}` : link) ? new URL(isPath ? `http://localhost${link}` : link) : null
  const isContent = url !== null && /^https?:$/.test(url.protocol) && parseContentPath(url.pathname) !== null
  if (!isContent || (isPath && contentOrigin === undefined)) return `<bdi>${lineHtml(link)}</bdi>`
  return linkHtml(isPath ? `${contentOrigin}${link}` : url.href, link)
}

function senderForm(hashname: string, { inbox, senders, query }: MessageHtmlOptions): string {
  if (hashname === inbox.hashname) return ''
  const sender = senders.get(hashname)
  const name = lineHtml(sender?.name ?? '')
  const mute = sender?.isMuted ? ['unmute', 'Unmute'] : ['mute', 'Mute']
  return (
    `<details><summary>Sender${sender?.isMuted ? ', muted' : ''}</summary><form method="post" action="/inbox/sender">` +
    `<input type="hidden" name="hashname" value="${lineHtml(hashname)}"><input type="hidden" name="back" value="${lineHtml(query.toString())}">` +
    `<p class="facts"><code>${lineHtml(hashname)}</code></p>` +
    `<label>Your name for this sender <input name="name" value="${name}" maxlength="64" autocomplete="off"></label>` +
    `<p class="actions"><button name="do" value="name">Name</button>` +
    `<button class="quiet" name="do" value="${mute[0]}">${mute[1]}</button></p></form></details>`
  )
}
