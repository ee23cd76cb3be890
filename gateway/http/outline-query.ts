/** The `o` of a link: the SHA-256 of the outline, which makes every part of the content verifiable by itself. */

import { decodeKeyHex, encodeKeyHex, isKeyHex, type Key } from '../../node/index.ts'
import { problemError } from './problem.ts'

/** @throws {ProblemError} 400 */
export function parseOutline(query: URLSearchParams): Key | undefined {
  const text = query.size === 0 ? null : query.get('o')
  if (text === null) return undefined
  if (isKeyHex(text)) return decodeKeyHex(text)
  throw problemError(400, 'ERR_BAD_KEY', 'The o of the link is not the hash of an outline: expected 64 lower-case hex digits.', {
    advice: 'Leave it out to read the content without it.',
  })
}

/** The query of a link to content, `?` included; empty without an outline. */
export function outlineQuery(outline: Key | undefined): string {
  return outline === undefined ? '' : `?o=${encodeKeyHex(outline)}`
}
