/** `GET /limits`: every limit that a client can meet here, as JSON for programs and as tables for people. */

import { ENVELOPE_DEFAULTS, MESSAGE_LIMITS, OUTBOX_DEFAULTS, RULE_LIMITS } from '../../node/index.ts'
import { namesType, wantsJson } from '../http/media-range.ts'
import { escapeHtml, plainPageHeaders, renderPlainPage } from '../http/plain-page.ts'
import { PUBLIC_DATA_HEADERS } from '../http/security-headers.ts'
import type { GatewayRequest } from '../types.ts'

/** By the part that has them, then by name. The unit of a limit stands in its name (`maxWaitMs`, `maxBodyBytes`). */
export type Limits = Readonly<Record<string, Readonly<Record<string, number>>>>

/** The limits of the form of a message, whichever peer sends it. */
export const MESSAGE_FORM_LIMITS = {
  message: { ...MESSAGE_LIMITS, ...ENVELOPE_DEFAULTS },
  rules: RULE_LIMITS,
  outbox: OUTBOX_DEFAULTS,
} as const

/** Headings of the tables. */
const TITLES: Readonly<Record<string, string>> = {
  http: 'This gateway',
  peer: 'Its node',
  message: 'A message',
  rules: 'Rules of a tap',
  outbox: 'Its outbox',
}

/** By the form of a limit's name; the first that matches. */
const UNITS: readonly (readonly [form: RegExp, unit: string])[] = [
  [/BytesPerSecond/, ' bytes per second'],
  [/PerSecond/, ' per second'],
  [/Bytes/, ' bytes'],
  [/Ms$/, ' ms'],
]

export function answerLimits(limits: Limits, { request }: GatewayRequest): Response {
  const accept = request.headers.get('accept')
  const html = namesType(accept, 'text/html') && !wantsJson(accept)
  const body = html ? limitsPage(limits) : `${JSON.stringify(limits)}\n`
  const headers = {
    ...(html ? plainPageHeaders('nobody') : { ...PUBLIC_DATA_HEADERS, 'content-type': 'application/json' }),
    'cache-control': 'no-store',
    vary: 'Accept',
  }
  return new Response(request.method === 'HEAD' ? null : body, { headers })
}

function limitsPage(limits: Limits): string {
  const tables = Object.entries(limits).map(([part, each]) => {
    const rows = Object.entries(each).map(([name, value]) => `<tr><td>${wordsOf(name)}</td><td>${valueWithUnit(name, value)}</td></tr>`)
    return `<h2>${TITLES[part] ?? wordsOf(part)}</h2><table>${rows.join('')}</table>`
  })
  return renderPlainPage({ title: 'Limits', body: tables.join('') })
}

/** `maxOpenPerAddress` as "max open per address", `maxWaitMs` as "max wait". */
function wordsOf(name: string): string {
  return escapeHtml(name.replace(/(?:Ms|Bytes)$/, '').replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`))
}

function valueWithUnit(name: string, value: number): string {
  if (name.includes('PerSecond') && value === 0) return 'no limit'
  const unit = UNITS.find(([form]) => form.test(name))?.[1] ?? ''
  return value.toLocaleString('en') + unit
}
