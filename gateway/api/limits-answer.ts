/** `GET /limits`: every limit that a client can meet here, as JSON, and as a table to people. */

import { ENVELOPE_DEFAULTS, MESSAGE_LIMITS, OUTBOX_DEFAULTS, RULE_LIMITS } from '../../node/index.ts'
import { wantsHtml } from '../http/media-range.ts'
import { escapeHtml, plainPageHeaders, renderPlainPage } from '../http/plain-page.ts'
import { PUBLIC_DATA_HEADERS } from '../http/security-headers.ts'
import type { GatewayRequest } from '../types.ts'

/** By whose they are, then by name. */
export type Limits = Readonly<Record<string, Readonly<Record<string, number>>>>

/** What a message may be, wherever it is sent from. */
export const MESSAGE_FORM_LIMITS = {
  message: { ...MESSAGE_LIMITS, ...ENVELOPE_DEFAULTS },
  rules: RULE_LIMITS,
  outbox: OUTBOX_DEFAULTS,
} as const

/** How people read whose they are. */
const TITLES: Readonly<Record<string, string>> = {
  http: 'This gateway',
  peer: 'Its node',
  message: 'A message',
  rules: 'Rules of a tap',
  outbox: 'Its outbox',
}

export function answerLimits(limits: Limits, { request }: GatewayRequest): Response {
  const html = wantsHtml(request.headers.get('accept'))
  const body = html ? limitsPage(limits) : `${JSON.stringify(limits)}\n`
  const headers = {
    ...(html ? plainPageHeaders('nobody') : { ...PUBLIC_DATA_HEADERS, 'content-type': 'application/json' }),
    'cache-control': 'no-store',
    vary: 'Accept',
  }
  return new Response(request.method === 'HEAD' ? null : body, { headers })
}

function limitsPage(limits: Limits): string {
  const tables = Object.entries(limits).map(([whose, each]) => {
    const rows = Object.entries(each).map(([name, value]) => `<tr><td>${words(name)}</td><td>${value.toLocaleString('en')}</td></tr>`)
    return `<h2>${TITLES[whose] ?? words(whose)}</h2><table>${rows.join('')}</table>`
  })
  return renderPlainPage({
    title: 'Limits',
    body: `<p>Times are in milliseconds (ms). 0 bytes per second: no limit.</p>${tables.join('')}`,
  })
}

/** `maxOpenPerAddress` as "max open per address". */
function words(name: string): string {
  return escapeHtml(name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`))
}
