/** Small pages of the gateway itself, whole in one answer: problems, and stand-ins while the tab is not built. Without scripts and files. */

import { createHash } from 'node:crypto'
import { clockSentence, type PeerStatus } from '../../node/index.ts'
import { OWN_DATA_HEADERS } from './security-headers.ts'

const STYLE =
  ':root{color-scheme:light dark}body{font:1.05rem/1.55 system-ui,sans-serif;max-width:42rem;margin:12vh auto;padding:0 1.2rem}' +
  'h1{font-size:1.5rem;line-height:1.25}code{overflow-wrap:anywhere}iframe{width:100%;height:70vh;border:1px solid GrayText}' +
  '.content-text{white-space:pre-wrap;overflow-wrap:anywhere}'

const STYLE_DIGEST = createHash('sha256').update(STYLE).digest('base64')

interface PlainPage {
  title: string
  /** HTML below the heading. Text from outside must be escaped. */
  body: string
}

export function renderPlainPage(page: PlainPage): string {
  const title = escapeHtml(page.title)
  return (
    `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">` +
    `<title>${title} · mayfly</title><style>${STYLE}</style></head><body><main><h1>${title}</h1>${page.body}</main></body></html>`
  )
}

/** @param framing the pages that may frame this one: the viewer, which may be of another site, frames the list of a folder, and the reason when there is none */
export function plainPageHeaders(framing: 'nobody' | 'anybody'): Record<string, string> {
  return {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy':
      `default-src 'none'; style-src 'sha256-${STYLE_DIGEST}'; frame-src 'self'; base-uri 'none'; form-action ${framing === 'nobody' ? "'none'" : "'self'"}; ` +
      `frame-ancestors ${framing === 'nobody' ? "'none'" : '*'}`,
    ...(framing === 'nobody' && { 'x-frame-options': 'DENY' }),
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
  }
}

/** Safe in text and in quoted attributes. */
export function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;').replaceAll("'", '&#39;')
}

/** Plain text, for operators and their programs. */
export function plainAnswer(body: string, status: number, parameters = ''): Response {
  return new Response(body, { status, headers: { ...OWN_DATA_HEADERS, 'content-type': `text/plain${parameters}; charset=utf-8` } })
}

/** Ready to be sent clients: in the network, by a clock whose time can be told. */
export function readyAnswer(isStopping: boolean, { joined, clock }: Pick<PeerStatus, 'joined' | 'clock'>): Response {
  if (isStopping) return healthAnswer(isStopping)
  if (!joined) return plainAnswer('not connected to the network\n', 503)
  // One stranger's word makes no node look broken.
  const isWrong = clock.state === 'wrong' || (clock.state === 'disputed' && clock.peers > 1)
  if (isWrong) return plainAnswer(`clock: ${clockSentence(clock)}\n`, 503)
  return plainAnswer(clock.state === 'corrected' ? `ok, but: ${clockSentence(clock)}\n` : 'ok\n', 200)
}

export function healthAnswer(isStopping: boolean): Response {
  return isStopping ? plainAnswer('stopping\n', 503) : plainAnswer('ok\n', 200)
}
