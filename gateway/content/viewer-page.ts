/**
 * The page that a browser gets at `/<hash>`: what happened, in words, and the held page in a sandboxed frame. It shows the content
 * before, and also without, any script; the tab's script takes over from there.
 */

import { outlineQuery } from '../http/outline-query.ts'
import { escapeHtml, plainPageHeaders, renderPlainPage } from '../http/plain-page.ts'
import type { Problem } from '../http/problem.ts'
import { APP_HEADERS, SANDBOX } from '../http/security-headers.ts'
import type { ContentFacts } from './content-answer.ts'
import { isDisplayable, SEALED_TYPE } from './content-type.ts'

/** What the viewer tells: the content, or why there is none. */
export type ViewerFindings =
  | {
      content: ContentFacts
      /** Where its bytes are, when it is not the content of the hash itself. */
      raw?: string
    }
  | { problem: Problem }

export type ViewerState = 'found' | 'gone' | 'unavailable' | 'offline'

/** Placeholders of the template, `{{HASH}}` and so on. All but FRAME are text; FRAME is HTML. */
type Placeholder = 'HASH' | 'STATE' | 'TITLE' | 'SENTENCE' | 'SIZE' | 'TYPE' | 'FRAME' | 'RAW'

const PLACEHOLDER = /\{\{(HASH|STATE|TITLE|SENTENCE|SIZE|TYPE|FRAME|RAW)\}\}/g

export class ViewerPage {
  readonly #template: string | null

  /** @param template `viewer.html` of the built tab; null: a plain page stands in */
  constructor(template: string | null) {
    this.#template = template
  }

  answer(hash: string, findings: ViewerFindings, method: string): Response {
    const values = fillIn(hash, findings)
    const body = this.#template === null ? plainViewer(values) : fillTemplate(this.#template, values)
    const headers: Record<string, string> = {
      ...(this.#template === null ? plainPageHeaders('nobody') : APP_HEADERS),
      'content-type': 'text/html; charset=utf-8',
      'content-length': String(Buffer.byteLength(body)),
      'cache-control': 'no-store', // it tells who is there now
      vary: 'Accept, Sec-Fetch-Dest',
    }
    const problem = 'problem' in findings ? findings.problem : null
    if (problem?.retryAfterS !== undefined) headers['retry-after'] = String(problem.retryAfterS)
    return new Response(method === 'HEAD' ? null : body, { status: problem?.status ?? 200, headers })
  }
}

function fillIn(hash: string, findings: ViewerFindings): Record<Placeholder, string> {
  const raw = rawLink(hash, findings)
  const short = hash.slice(0, 8)
  if ('problem' in findings) {
    const { problem } = findings
    const sentence = [problem.message, problem.advice].filter((text) => text !== undefined).join(' ')
    const title = problem.status === 404 ? `Nobody holds ${short} now` : `Could not get ${short}`
    return { HASH: hash, STATE: stateOf(problem), TITLE: title, SENTENCE: sentence, SIZE: '', TYPE: '', FRAME: '', RAW: raw }
  }
  const { size, contentType } = findings.content
  const shown = isDisplayable(contentType.type)
  return {
    HASH: hash,
    STATE: 'found',
    TITLE: `Page ${short}`,
    SENTENCE: sentenceOf(contentType.type),
    SIZE: String(size),
    TYPE: contentType.type,
    FRAME: shown ? frame(raw, short) : '',
    RAW: raw,
  }
}

/** Whether the address had a key behind it, no gateway can see. */
function sentenceOf(type: string): string {
  if (type === SEALED_TYPE.type) {
    return 'This page is private: this gateway has only cipher text of it. The whole link, with what follows #k=, opens it in a browser that runs scripts.'
  }
  return isDisplayable(type)
    ? 'This gateway got the page from somebody who holds it now, and checked that it is the one with this address.'
    : 'This is a file that a browser does not show in a page. Its bytes are the ones with this address: save it to see it.'
}

function rawLink(hash: string, findings: ViewerFindings): string {
  return 'problem' in findings ? `/raw/${hash}` : (findings.raw ?? `/raw/${hash}${outlineQuery(findings.content.outline)}`)
}

function stateOf(problem: Problem): ViewerState {
  if (problem.status === 404) return 'gone'
  return problem.status === 503 ? 'offline' : 'unavailable'
}

function frame(raw: string, short: string): string {
  return `<iframe id="content" title="The held page ${short}" sandbox="${SANDBOX}" referrerpolicy="no-referrer" src="${escapeHtml(raw)}"></iframe>`
}

function fillTemplate(template: string, values: Record<Placeholder, string>): string {
  return template.replace(PLACEHOLDER, (_, name: Placeholder) => (name === 'FRAME' ? values.FRAME : escapeHtml(values[name])))
}

function plainViewer(values: Record<Placeholder, string>): string {
  const size = values.SIZE === '' ? '' : `<p>${escapeHtml(values.SIZE)} bytes, ${escapeHtml(values.TYPE)}</p>`
  const link = values.STATE === 'found' ? `<p><a href="${escapeHtml(values.RAW)}">The bytes alone</a></p>` : ''
  const body = `<p>${escapeHtml(values.SENTENCE)}</p>${size}${values.FRAME}${link}<p><code>${values.HASH}</code></p>`
  return renderPlainPage({ title: values.TITLE, body })
}
