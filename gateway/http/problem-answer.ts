/** Writes a problem as an answer: a page for people, JSON for programs, with the same facts. */

import { isShown, NAVIGATION_HEADERS } from './navigation.ts'
import { escapeHtml, plainPageHeaders, renderPlainPage } from './plain-page.ts'
import type { Problem } from './problem.ts'
import { PUBLIC_DATA_HEADERS } from './security-headers.ts'

/** Titles of the codes that say more than their status. */
const TITLES_BY_CODE: Readonly<Record<string, string>> = { ERR_BAD_KEY: 'This link leads nowhere' }

const TITLES: Readonly<Record<number, string>> = {
  400: 'The request is not valid',
  401: 'A token is needed',
  403: 'Not allowed',
  404: 'Not here',
  405: 'Method not allowed',
  406: 'Not in that form',
  410: 'Not served here',
  412: 'Precondition failed',
  413: 'Too large',
  415: 'Not in that form',
  416: 'Outside the content',
  422: 'Not readable',
  426: 'A websocket is needed',
  429: 'Too much at once',
  500: 'Something broke',
  501: 'Not supported',
  503: 'Not connected',
  504: 'Could not get it',
}

/** @param request decides the form: by method, and by whether a browser shows it */
export function problemAnswer(problem: Problem, request: Pick<Request, 'headers' | 'method'>): Response {
  const html = isShown(request.headers)
  const body = html ? problemPage(problem) : `${JSON.stringify({ error: problemFacts(problem) })}\n`
  const headers: Record<string, string> = {
    ...(html ? htmlHeaders(request) : { ...PUBLIC_DATA_HEADERS, 'content-type': 'application/json' }),
    'cache-control': 'no-store', // caches may store a 404 by default, and this one may be wrong in a second
    vary: NAVIGATION_HEADERS,
    'content-length': String(Buffer.byteLength(body)),
    ...problem.headers,
  }
  if (problem.retryAfterS !== undefined) headers['retry-after'] = String(problem.retryAfterS)
  return new Response(request.method === 'HEAD' ? null : body, { status: problem.status, headers })
}

function htmlHeaders(request: Pick<Request, 'headers'>): Record<string, string> {
  // On plain http a browser does not say that it asks for a frame.
  const isFramed = request.headers.get('sec-fetch-dest') !== 'document'
  return { ...plainPageHeaders(isFramed ? 'anybody' : 'nobody'), 'access-control-allow-origin': '*' }
}

function problemFacts(problem: Problem): Record<string, unknown> {
  const { status, code, number = 100 * status, reason, id, message, advice, tried, link, retryAfterS } = problem
  return { code, number, reason, id, message, advice, tried, link, retryAfterS } // JSON leaves out what is undefined
}

function problemPage(problem: Problem): string {
  const paragraphs = [problem.message, problem.advice].filter((text) => text !== undefined).map((text) => `<p>${escapeHtml(text)}</p>`)
  if (problem.link !== undefined) {
    const link = escapeHtml(problem.link)
    paragraphs.push(`<p>You may have meant <a href="${link}"><code>${link}</code></a>.</p>`)
  }
  if (problem.tried !== undefined) paragraphs.push(`<p>Asked: ${escapeHtml(problem.tried.join(', '))}.</p>`)
  paragraphs.push(`<p><small>${problem.status} ${escapeHtml(problem.code)} · <a href="/">Make a page</a></small></p>`)
  return renderPlainPage({
    title: TITLES_BY_CODE[problem.code] ?? TITLES[problem.status] ?? 'That did not work',
    body: paragraphs.join(''),
  })
}
