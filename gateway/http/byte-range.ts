/**
 * The Range header for bytes: one range or several.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9110#name-range-requests
 */

export interface ByteRange {
  /** First byte, from 0. */
  first: number
  /** Last byte, inclusive. */
  last: number
}

/** A header with more ranges is answered with the whole, which the standard allows. */
export const MAX_RANGES = 16

/**
 * The ranges of a header, in its order, for content of `size` bytes. Null when the whole is the answer: no header, another unit, a wrong
 * form, too many ranges, or ranges that together exceed the whole. `'unsatisfiable'` when all of them lie outside.
 */
export function parseByteRanges(header: string | null, size: number): ByteRange[] | 'unsatisfiable' | null {
  // Content-Range has no form for a range of no bytes: the answer is the whole.
  if (header === null || size === 0) return null
  const list = /^bytes=(.*)$/i.exec(header)?.[1]?.split(',')
  if (list === undefined || list.length > MAX_RANGES) return null
  const ranges: ByteRange[] = []
  for (const text of list) {
    const range = parseRange(text, size)
    if (range === null) return null
    if (range !== 'unsatisfiable') ranges.push(range)
  }
  if (ranges.length === 0) return 'unsatisfiable'
  // Overlapping ranges would make a small request have a large answer.
  const total = ranges.reduce((sum, { first, last }) => sum + last - first + 1, 0)
  return total > size ? null : ranges
}

/** A range as content is read by it. */
export function partOf({ first, last }: ByteRange): { offset: number; length: number } {
  return { offset: first, length: last - first + 1 }
}

function parseRange(text: string, size: number): ByteRange | 'unsatisfiable' | null {
  const match = /^[ \t]*(\d*)-(\d*)[ \t]*$/.exec(text)
  if (match === null) return null
  const [, from = '', to = ''] = match
  if (from === '') {
    if (to === '') return null
    const length = Math.min(Number(to), size)
    return length === 0 ? 'unsatisfiable' : { first: size - length, last: size - 1 }
  }
  const first = Number(from)
  const last = to === '' ? size - 1 : Math.min(Number(to), size - 1)
  if (to !== '' && Number(to) < first) return null
  return first >= size ? 'unsatisfiable' : { first, last }
}
