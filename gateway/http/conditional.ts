/**
 * Conditional requests on content whose entity tag is its hash. A date counts only when it is exactly the one that was sent: an address always
 * has the same bytes, but a client may have its date from another address, under the same file name.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9110#name-conditional-requests
 */

const ENTITY_TAG = /(W\/)?"([\x21\x23-\x7e\x80-\xff]*)"/g

interface EntityTag {
  weak: boolean
  /** Without quotes. */
  tag: string
}

export type Precondition = 'proceed' | 'not-modified' | 'failed'

/**
 * Evaluates If-Match, If-None-Match and If-Modified-Since for a GET or HEAD of existing content.
 *
 * @param tag without quotes
 * @param lastModified as it is sent
 */
export function checkPreconditions(headers: Headers, tag: string, lastModified?: string): Precondition {
  const match = headers.get('if-match')
  if (match !== null && !listsTag(match, tag, 'strong')) return 'failed'
  const noneMatch = headers.get('if-none-match')
  if (noneMatch !== null) return listsTag(noneMatch, tag, 'weak') ? 'not-modified' : 'proceed'
  return isDate(headers.get('if-modified-since'), lastModified) ? 'not-modified' : 'proceed'
}

/** True when a Range header applies: there is no If-Range, or it names exactly these bytes. */
export function allowsRange(headers: Headers, tag: string, lastModified?: string): boolean {
  const condition = headers.get('if-range')
  return condition === null || condition.trim() === `"${tag}"` || isDate(condition, lastModified)
}

function isDate(date: string | null, lastModified: string | undefined): boolean {
  return lastModified !== undefined && date?.trim() === lastModified
}

/** True when the header lists the tag, or is `*`. In weak comparison `W/"x"` equals `"x"`, in strong comparison it does not. */
function listsTag(header: string, tag: string, comparison: 'weak' | 'strong'): boolean {
  if (header.trim() === '*') return true
  return parseTags(header).some((each) => each.tag === tag && (comparison === 'weak' || !each.weak))
}

function parseTags(header: string): EntityTag[] {
  return Array.from(header.matchAll(ENTITY_TAG), ([, weak, tag = '']) => ({ weak: weak !== undefined, tag }))
}
