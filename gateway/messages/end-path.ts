/** Parses `/to/<end>` and the paths below it. The end is decoded exactly once. */

import { parseEnd } from '../../node/index.ts'
import { badAddress, pathFault } from '../http/address.ts'

export interface EndPath {
  /** `#name` or a hashname. */
  end: string
  /** The requested part: the end itself, to post to, or a form of its messages. */
  part: 'end' | 'json' | 'sse' | 'ws'
}

const END_PATH = /^\/to\/([^/]+)(?:\/(json|sse|ws))?$/
/** The form of a hashname, mistyped or not: it must not become the name of an open end, whose messages everybody can read. */
const LIKE_A_HASHNAME = /^[a-z2-7]{52}$/i

/**
 * Null for every other path.
 *
 * @throws {ProblemError} 400, for a path that is badly encoded
 * @throws {MayflyError} ERR_BAD_END
 */
export function parseEndPath(path: string): EndPath | null {
  const match = END_PATH.exec(path)
  if (match === null) return null
  const fault = pathFault(path)
  if (fault !== null) throw badAddress(path, fault)
  const [, segment = '', part = 'end'] = match
  const text = decodeURIComponent(segment)
  const end = parseEnd(text.startsWith('#') || LIKE_A_HASHNAME.test(text) ? text : `#${text}`)
  return { end: end.text, part: part as EndPath['part'] }
}
