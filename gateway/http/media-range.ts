/** The Accept header: the types that a client wants, and whether a person in a browser asks for a page. */

interface MediaRange {
  type: string
  /** Weight, 0 to 1. */
  q: number
}

/** Longer headers are cut: no client has such a long list. */
const MAX_ACCEPT_CHARS = 1_024

/** @see https://www.rfc-editor.org/rfc/rfc9110#name-accept */
function parseAccept(accept: string | null): MediaRange[] {
  if (accept === null) return []
  return accept
    .slice(0, MAX_ACCEPT_CHARS)
    .split(',')
    .map((part) => {
      const [type = '', ...parameters] = part.split(';').map((text) => text.trim().toLowerCase())
      const weight = parameters.find((parameter) => parameter.startsWith('q='))
      const q = weight === undefined ? 1 : Number(weight.slice(2))
      return { type, q: q >= 0 && q <= 1 ? q : 1 }
    })
    .filter((range) => range.type !== '')
}

/** True when the header names the type itself, not by a wildcard. */
export function namesType(accept: string | null, type: string): boolean {
  return parseAccept(accept).some((range) => range.type === type && range.q > 0)
}

/** True when the header leaves the choice to the gateway: it is absent, or has wildcards only. */
export function leavesChoice(accept: string | null): boolean {
  return parseAccept(accept).every((range) => range.type === '*/*')
}

/** True for a client that shows pages to a person: it names HTML, and does not prefer JSON. */
export function wantsHtml(accept: string | null): boolean {
  if (accept === null || !/text\/html/i.test(accept)) return false // nearly every program; keeps the hot path short
  const ranges = parseAccept(accept)
  const weightOf = (type: string) => ranges.find((range) => range.type === type)?.q ?? 0
  return weightOf('text/html') > 0 && weightOf('text/html') >= weightOf('application/json')
}

/**
 * True when a browser navigates to the address itself (a link, the address bar), and gets the viewer. A frame, an image or a fetch of the
 * same address gets the bytes. For browsers too old for Sec-Fetch-Dest, Accept alone decides.
 *
 * @see https://www.w3.org/TR/fetch-metadata/#sec-fetch-dest-header
 */
export function isNavigation(headers: Headers): boolean {
  if (!wantsHtml(headers.get('accept'))) return false
  const destination = headers.get('sec-fetch-dest')
  return destination === null || destination === 'document'
}
