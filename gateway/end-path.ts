/** Reads `/to/<end>` and what may follow it. The end is decoded exactly once; whether it is one is for who uses it to say. */

import { pathFault } from './address.ts'
import { badAddress } from './address-problems.ts'

export interface EndPath {
  /** `#name` or a hashname, in the form of one at least. */
  end: string
  /** What is asked for: the end itself, to post to; or its messages. */
  part: 'end' | 'json' | 'sse' | 'ws'
}

const END_PATH = /^\/to\/([^/]+)(?:\/(json|sse|ws))?$/
/** A name never has this form. */
const HASHNAME = /^[a-z2-7]{52}$/

/**
 * Null for every other path.
 *
 * @throws {ProblemError} 400, for one that is badly encoded
 */
export function parseEndPath(path: string): EndPath | null {
  const match = END_PATH.exec(path)
  if (match === null) return null
  const fault = pathFault(path)
  if (fault !== null) throw badAddress(path, fault)
  const [, segment = '', part = 'end'] = match
  const text = decodeURIComponent(segment)
  return { end: text.startsWith('#') || HASHNAME.test(text) ? text : `#${text}`, part: part as EndPath['part'] }
}

/** The path of an end, as `parseEndPath` reads it. */
export function endPath(end: string): string {
  return `/to/${encodeURIComponent(end)}`
}
