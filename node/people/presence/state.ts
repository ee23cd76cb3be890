/** A presence state as it travels: JSON, small, written by one side and read by the other. */

import { MayflyError } from '../../errors.ts'
import { LINK_LIMITS } from '../format/link-frames.ts'
import type { Value } from '../types.ts'

/** @throws {MayflyError} ERR_BAD_OPTION, ERR_TOO_LARGE */
export function encodeState(state: Value | undefined): string | undefined {
  if (state === undefined) return undefined
  checkJson(state, 'state', new Set())
  const text = JSON.stringify(state)
  const { byteLength } = new TextEncoder().encode(text)
  const { maxStateBytes } = LINK_LIMITS
  if (byteLength > maxStateBytes) {
    throw new MayflyError('ERR_TOO_LARGE', `Cannot show this state: as JSON it has ${byteLength} bytes, and the limit is ${maxStateBytes}`)
  }
  return text
}

/** A value of its own for each reader, who may change it. */
export const decodeState = (text: string | undefined): Value | undefined => (text === undefined ? undefined : JSON.parse(text))

/** Values that JSON would leave out, or change without a word, are refused: the others would see another state than this side. */
function checkJson(value: unknown, path: string, parents: Set<object>): void {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return
  if (typeof value === 'number' && Number.isFinite(value)) return
  const isPlain = typeof value === 'object' && (Array.isArray(value) || [Object.prototype, null].includes(Object.getPrototypeOf(value)))
  if (!isPlain || parents.has(value)) {
    const expected = 'expected what JSON has: text, finite numbers, true, false, null, lists and plain objects'
    throw new MayflyError('ERR_BAD_OPTION', `Cannot show this state: ${path} is none of its values; ${expected}`)
  }
  const within = new Set(parents).add(value)
  for (const [name, each] of Object.entries(value)) checkJson(each, `${path}.${name}`, within)
}
