/** The page of an inbox, whole in one answer. It works without its script, which only inserts new messages and writes times as the reader's clock has them. */

import { bodyText, type Inbox, type InboxMessage, type PostOutcome } from '../../node/index.ts'
import { escapeHtml } from '../http/plain-page.ts'
import { type Problem, ProblemError, refusalProblem } from '../http/problem.ts'
import { endHtml, type InboxSite, messageHtml, messageHtmlOptions, pageLink, shortHashname } from './message-html.ts'
import { lineHtml } from './safe-text.ts'

export interface InboxPage {
  inbox: Inbox
  site: InboxSite
  /** The messages that are shown, as the address says. */
  shown: ShownMessages
  /** The newest first. */
  messages: InboxMessage[]
  /** True when there are older ones. */
  hasOlder: boolean
  draft: DraftText
  /** The outcome of the last action. */
  notice?: Notice
  /** Allows the page's own script and style, and nothing else. */
  nonce: string
}

export interface ShownMessages {
  end?: string
  search?: string
  before?: number
}

/** The contents of the form to write a message. */
export interface DraftText {
  to: string
  body: string
  /** The message that is answered. */
  re?: InboxMessage
}

export interface Notice {
  text: string
  isProblem: boolean
}

/**
 * The outcome of a message that was sent, in words.
 *
 * @throws {ProblemError} when it was refused
 */
export function outcomeNotice(inbox: Inbox, end: string, outcome: PostOutcome): Notice {
  const to = endName(inbox, end)
  switch (outcome.state) {
    case 'stored': {
      const count = outcome.receipts.length
      return { text: `Sent to ${to}: ${count === 1 ? 'one receiver has' : `${count} receivers have`} stored it.`, isProblem: false }
    }
    case 'heard':
      return { text: `Sent to ${to}: ${outcome.taps} listened, and nobody who stores was there.`, isProblem: false }
    case 'queued': {
      const kept = outcome.nodes === 0 ? 'It is kept here' : `${outcome.nodes === 1 ? 'One node keeps' : `${outcome.nodes} nodes keep`} it`
      return {
        text: `On its way to ${to}: nobody has stored it yet. ${kept}, and it is tried again until its time is over.`,
        isProblem: false,
      }
    }
    case 'refused':
      throw new ProblemError(refusalProblem(outcome.reason))
    case 'expired':
      throw new ProblemError(refusalProblem('expired'))
  }
}

/** The reason why a message was not sent, in words. */
export function refusedNotice(inbox: Inbox, end: string, { message, advice }: Problem): Notice {
  return { text: `Not sent to ${endName(inbox, end)}. ${message}${advice === undefined ? '' : ` ${advice}`}`, isProblem: true }
}

function endName(inbox: Inbox, end: string): string {
  if (end.startsWith('#')) return end
  return inbox.senders().find(({ hashname, name }) => hashname === end && name !== '')?.name ?? shortHashname(end)
}

export function renderInboxPage(page: InboxPage): string {
  const { inbox, site, nonce, shown } = page
  const title = shown.end ?? 'Inbox'
  return (
    `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">` +
    `<title>${lineHtml(title)} · mayfly</title><link rel="icon" href="data:,">` +
    `<link rel="stylesheet" href="/inbox/view.css" nonce="${nonce}"><script src="/inbox/view.js" nonce="${nonce}" defer></script></head>` +
    `<body><header class="head"><a class="brand" href="${lineHtml(site.home)}">mayfly inbox</a><p id="live" role="status"></p></header>` +
    `<p id="news" class="visually-hidden" role="status"></p>` +
    `<main>${noticeHtml(page.notice)}<div class="columns">` +
    `${composeHtml(page)}<section class="messages" aria-labelledby="title"><h1 id="title">${titleHtml(shown)}</h1>` +
    `${searchForm(page)}${listHtml(page)}</section><div class="side">${endsHtml(page)}${addressHtml(inbox)}</div>` +
    `</div></main><footer class="foot">mayfly ${lineHtml(site.version)} · <a href="/limits">Limits</a></footer></body></html>`
  )
}

function titleHtml({ end, search }: ShownMessages): string {
  const what = end === undefined ? 'All messages' : endHtml(end)
  return search === undefined ? what : `${what} with “<bdi>${lineHtml(search)}</bdi>”`
}

function noticeHtml(notice: Notice | undefined): string {
  if (notice === undefined) return ''
  return `<p id="outcome" class="${notice.isProblem ? 'problem' : 'notice'}" role="${notice.isProblem ? 'alert' : 'status'}">${lineHtml(notice.text)}</p>`
}

function searchForm({ site, shown }: InboxPage): string {
  const end = shown.end === undefined ? '' : `<input type="hidden" name="end" value="${lineHtml(shown.end)}">`
  return (
    `<form class="search" role="search" action="${lineHtml(site.home)}">${end}<label class="visually-hidden" for="search">Search</label>` +
    `<input id="search" type="search" name="search" value="${lineHtml(shown.search ?? '')}" maxlength="200" placeholder="Words or names">` +
    `<button class="quiet">Search</button></form>`
  )
}

function listHtml(page: InboxPage): string {
  const { messages, shown, site, inbox, hasOlder } = page
  const { home } = site
  const query = shownQuery(shown)
  const options = messageHtmlOptions({ inbox, site, query })
  const articles = messages.map((message) => messageHtml(message, options)).join('')
  const isNewest = shown.before === undefined
  const empty = shown.search === undefined ? 'Nothing here yet.' : 'Nothing found.'
  const live = isNewest ? ` data-live="${lineHtml(liveQuery(shown, messages[0]?.sequence ?? 0))}"` : ''
  const newer = isNewest ? '' : `<a href="${pageLink(home, Object.fromEntries(shownQuery({ ...shown, before: undefined })))}">Newest</a>`
  const last = messages.at(-1)
  const older =
    hasOlder && last !== undefined
      ? `<a href="${pageLink(home, Object.fromEntries(shownQuery({ ...shown, before: last.sequence })))}">Older</a>`
      : ''
  return (
    `<p class="empty"${messages.length > 0 ? ' hidden' : ''}>${empty}</p><div id="messages"${live}>${articles}</div>` +
    `<nav class="pages" aria-label="Pages">${newer}${older}</nav>`
  )
}

function liveQuery({ end, search }: ShownMessages, after: number): string {
  const query = shownQuery({ end, search })
  query.set('after', String(after))
  return query.toString()
}

/** The query of the page that shows these messages. */
export function shownQuery({ end, search, before }: { [Name in keyof ShownMessages]: ShownMessages[Name] | undefined }): URLSearchParams {
  const query = new URLSearchParams()
  if (end !== undefined) query.set('end', end)
  if (search !== undefined) query.set('search', search)
  if (before !== undefined) query.set('before', String(before))
  return query
}

function composeHtml({ inbox, site, shown, draft }: InboxPage): string {
  const ends = inbox.ends().filter(({ end }) => end.startsWith('#'))
  const known = inbox.senders().filter(({ name }) => name !== '')
  const options = [
    ...ends.map(({ end }) => `<option value="${lineHtml(end)}">`),
    ...known.map(({ hashname, name }) => `<option value="${lineHtml(hashname)}" label="${lineHtml(name)}">`),
  ].join('')
  const answered =
    draft.re === undefined
      ? ''
      : `<p class="answers"><span>answers <q>${lineHtml((bodyText(draft.re) ?? draft.re.type).slice(0, 80))}</q></span> ` +
        `<a href="${pageLink(site.home, Object.fromEntries(shownQuery(shown)))}#compose">Not an answer</a></p>` +
        `<input type="hidden" name="re" value="${lineHtml(draft.re.id)}">`
  return (
    `<section id="compose" aria-labelledby="compose-title"><h2 id="compose-title">${draft.re === undefined ? 'Write' : 'Reply'}</h2>` +
    `<form method="post" action="/inbox/post"><input type="hidden" name="back" value="${lineHtml(shownQuery(shown).toString())}">${answered}` +
    `<label for="to">To</label><input id="to" name="to" value="${lineHtml(draft.to)}" list="ends" required maxlength="130" ` +
    `autocomplete="off" autocapitalize="none" spellcheck="false" placeholder="#name or an address"><datalist id="ends">${options}</datalist>` +
    `<label for="body">Message</label><textarea id="body" name="body" rows="3" required>` +
    `\n${escapeHtml(draft.body)}</textarea><p class="actions"><button>Send</button></p></form></section>`
  )
}

function endsHtml({ inbox, site: { home }, shown }: InboxPage): string {
  const ends = inbox.ends()
  const total = ends.reduce((sum, { messages }) => sum + messages, 0)
  const row = (label: string, link: string, end: string | undefined, count: number) =>
    `<li><a href="${link}"${shown.end === end ? ' aria-current="page"' : ''}>${label}</a> ` +
    `<span class="count" data-count-of="${lineHtml(end ?? '')}">${count}</span></li>`
  const rows = ends.map(({ end, messages }) =>
    row(end === inbox.hashname ? 'Sealed to you' : endHtml(end), pageLink(home, { end }), end, messages),
  )
  return (
    `<nav class="ends" aria-labelledby="ends-title"><h2 id="ends-title">Received</h2><ul>` +
    `${row('All messages', pageLink(home, {}), undefined, total)}${rows.join('')}</ul></nav>`
  )
}

function addressHtml({ hashname, policy }: Inbox): string {
  const who = policy === 'open' ? 'Anybody may write here.' : 'Only senders with a name may write here.'
  return `<section class="address"><h2>Your address</h2><p><code>${lineHtml(hashname)}</code></p><p class="facts">${who}</p></section>`
}
