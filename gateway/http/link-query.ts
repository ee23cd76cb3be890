/**
 * The query of a link to content: `o`, the SHA-256 of the outline, which makes every part verifiable by itself; `in`, a bundle that has the content
 * as a file; `wait`, how long to wait.
 */

import { formatDuration, parseDuration } from '../../node/async/duration.ts'
import { decodeKeyHex, encodeKeyHex, isKeyHex, type Key } from '../../node/index.ts'
import { problemError } from './problem.ts'

/** @throws {ProblemError} 400 */
export function parseOutline(query: URLSearchParams): Key | undefined {
  return parseKey(query, 'o', 'an outline')
}

/**
 * A bundle whose holders are asked, too: they need not announce its files.
 *
 * @throws {ProblemError} 400
 */
export function parseBundle(query: URLSearchParams): Key | undefined {
  return parseKey(query, 'in', 'a bundle')
}

function parseKey(query: URLSearchParams, name: string, noun: string): Key | undefined {
  const text = query.size === 0 ? null : query.get(name)
  if (text === null) return undefined
  if (isKeyHex(text)) return decodeKeyHex(text)
  throw problemError(400, 'ERR_BAD_KEY', `The ${name} of the link is not the hash of ${noun}: expected 64 lower-case hex digits.`, {
    advice: 'Leave it out to read the content without it.',
  })
}

/** The query of a link to content, `?` included; empty without an outline and a bundle. */
export function outlineQuery(outline: Key | undefined, bundle?: Key): string {
  const fields = [...(outline ? [`o=${encodeKeyHex(outline)}`] : []), ...(bundle ? [`in=${encodeKeyHex(bundle)}`] : [])]
  return fields.length === 0 ? '' : `?${fields.join('&')}`
}

/**
 * How long a client wants to wait for a holder or an outcome, in ms; undefined without `?wait=`.
 *
 * @throws {ProblemError} 400, for a text that is no duration, or one over the limit
 */
export function waitOf(query: URLSearchParams, maxWaitMs: number): number | undefined {
  const text = query.size === 0 ? null : query.get('wait')
  if (text === null) return undefined
  const waitMs = parseDuration(text)
  if (waitMs !== undefined && waitMs <= maxWaitMs) return waitMs
  throw problemError(
    400,
    'ERR_BAD_OPTION',
    `Cannot wait for ${JSON.stringify(text.slice(0, 40))}: expected a time such as 30s or 500ms, at most ${formatDuration(maxWaitMs)}.`,
    { advice: 'To wait longer, ask again when the answer has come.' },
  )
}
