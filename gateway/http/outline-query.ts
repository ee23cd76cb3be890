/** The `o` of a link: the SHA-256 of the outline, with which content can be read from anywhere. */

import { decodeKeyHex, encodeKeyHex, isKeyHex, type Key } from '../../node/index.ts'
import { ProblemError } from './problem.ts'

/** @throws {ProblemError} 400 */
export function parseOutline(query: URLSearchParams): Key | undefined {
  const text = query.size === 0 ? null : query.get('o')
  if (text === null) return undefined
  if (isKeyHex(text)) return decodeKeyHex(text)
  throw new ProblemError({
    status: 400,
    code: 'ERR_BAD_KEY',
    message: 'The o of the link is not the hash of an outline: expected 64 lower-case hex digits.',
    advice: 'Leave it out to read the whole without it.',
  })
}

/** The query that a link to content carries, `?` included; empty where it needs none. */
export function outlineQuery(outline: Key | undefined): string {
  return outline === undefined ? '' : `?o=${encodeKeyHex(outline)}`
}
