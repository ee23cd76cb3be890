/** The Accept header: the types that a client wants. */

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

/** True when the header names JSON, and does not prefer HTML. */
export function wantsJson(accept: string | null): boolean {
  const ranges = parseAccept(accept)
  const weightOf = (type: string) => ranges.find((range) => range.type === type)?.q ?? 0
  return weightOf('application/json') > 0 && weightOf('application/json') >= weightOf('text/html')
}
