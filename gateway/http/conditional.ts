/**
 * Conditional requests on content whose entity tag is its hash. Tags alone decide: content has no date.
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

/** Evaluates If-Match and If-None-Match for a GET or HEAD of existing content. @param tag without quotes */
export function checkPreconditions(headers: Headers, tag: string): Precondition {
  const match = headers.get('if-match')
  if (match !== null && !listsTag(match, tag, 'strong')) return 'failed'
  const noneMatch = headers.get('if-none-match')
  if (noneMatch !== null && listsTag(noneMatch, tag, 'weak')) return 'not-modified'
  return 'proceed'
}

/** True when a Range header applies: there is no If-Range, or it names exactly these bytes. */
export function allowsRange(headers: Headers, tag: string): boolean {
  const condition = headers.get('if-range')
  return condition === null || condition.trim() === `"${tag}"`
}

/** True when the header lists the tag, or is `*`. In weak comparison `W/"x"` equals `"x"`, in strong comparison it does not. */
function listsTag(header: string, tag: string, comparison: 'weak' | 'strong'): boolean {
  if (header.trim() === '*') return true
  return parseTags(header).some((each) => each.tag === tag && (comparison === 'weak' || !each.weak))
}

function parseTags(header: string): EntityTag[] {
  return Array.from(header.matchAll(ENTITY_TAG), ([, weak, tag = '']) => ({ weak: weak !== undefined, tag }))
}
