/**
 * The page that a browser gets at `/<hash>`: a sentence about the content, and the held page in a sandboxed frame. A short text stands in this
 * document itself, since a second one takes as long again to be painted. The page works without scripts; the tab's script adds to it.
 */

import { outlineQuery } from '../http/link-query.ts'
import { NAVIGATION_HEADERS } from '../http/navigation.ts'
import { escapeHtml, plainPageHeaders, renderPlainPage } from '../http/plain-page.ts'
import type { Problem } from '../http/problem.ts'
import { APP_HEADERS, SANDBOX, withFramesOf, withInlinesOf } from '../http/security-headers.ts'
import type { ContentFacts } from './content-answer.ts'
import { isDisplayable, PLAIN, SEALED_TYPE } from './content-type.ts'

/** The result that the viewer shows: the content, or the reason why there is none. */
type ViewerFindings =
  | {
      content: ContentFacts
      /** The whole, where it is at hand. */
      bytes?: Uint8Array | undefined
      /** The path of its bytes, when it is not the content of the hash itself. */
      raw?: string
    }
  | { problem: Problem }

type ViewerState = 'found' | 'gone' | 'unavailable' | 'offline'

/** Placeholders of the template, `{{HASH}}` and so on. All but FRAME are text; FRAME is HTML. FIRST is `content` where there is any. */
type Placeholder = 'HASH' | 'STATE' | 'TITLE' | 'SENTENCE' | 'SIZE' | 'TYPE' | 'FRAME' | 'FIRST' | 'RAW'

const PLACEHOLDER = /\{\{(HASH|STATE|TITLE|SENTENCE|SIZE|TYPE|FRAME|FIRST|RAW)\}\}/g

/** The longest text that stands in the document itself, in bytes: one that a phone lays out at once. The tab has the same. */
const MAX_INLINE_TEXT_BYTES = 16_384
/** Tables, drawings and programs, whose letters have to be of one width. The tab has the same. */
const HAS_COLUMNS = /^(?: {2}|\t)|\S(?: {3}|\t)/m

export type ViewerPage = ReturnType<typeof createViewerPage>

/**
 * @param template `viewer.html` of the built tab; null for a plain page instead
 * @param frameSource the page may frame pages of it
 */
export function createViewerPage(template: string | null, frameSource?: string) {
  const pageHeaders = withFramesOf(frameSource, template === null ? plainPageHeaders('nobody') : withInlinesOf(template, APP_HEADERS))
  return (hash: string, findings: ViewerFindings, method: string): Response => {
    const values = fillIn(hash, findings)
    const body = template === null ? plainViewer(values) : fillTemplate(template, values)
    const headers: Record<string, string> = {
      ...pageHeaders,
      'content-type': 'text/html; charset=utf-8',
      'content-length': String(Buffer.byteLength(body)),
      'cache-control': 'no-store', // its holders may be gone in a second
      vary: NAVIGATION_HEADERS,
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
    return { HASH: hash, STATE: stateOf(problem), TITLE: title, SENTENCE: sentence, SIZE: '', TYPE: '', FRAME: '', FIRST: '', RAW: raw }
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
    FRAME: shown ? (inlineText(findings) ?? frame(raw, short)) : '',
    FIRST: shown ? 'content' : '',
    RAW: raw,
  }
}

/** The sentence about content of this type. No gateway can see whether the address has a link key in its fragment. */
function sentenceOf(type: string): string {
  if (type === SEALED_TYPE.type) {
    return 'This page is private: this gateway sees only cipher text. The whole link, including the part after #k=, opens it in a browser that runs scripts.'
  }
  return isDisplayable(type)
    ? 'This gateway got the page from somebody who holds it now, and checked that it matches this address.'
    : 'A browser cannot show this file in a page. Its bytes match this address: save it to open it.'
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

/** The browser's own view of it, `visit/content-text.ts`, adds links. A browser takes no newline away at the beginning of a section. */
function inlineText({ content, bytes }: Extract<ViewerFindings, { content: ContentFacts }>): string | undefined {
  if (content.contentType !== PLAIN || bytes === undefined || bytes.byteLength > MAX_INLINE_TEXT_BYTES) return undefined
  const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes)
  return `<section id="content" class="content-text${HAS_COLUMNS.test(text) ? ' columns' : ''}" aria-label="The content of this page" tabindex="0">${escapeHtml(text)}</section>`
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
