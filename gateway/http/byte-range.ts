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

/**
 * Pieces that the ranges of one answer may read beyond those that their bytes fill: for a few bytes, a whole piece is fetched and checked.
 * zsync asks for 20 ranges at once, zckdl for 255, and each may lie on the border of two pieces.
 */
export const MAX_PARTLY_READ_PIECES = 512

/**
 * The ranges of a header, for content of `size` bytes. They are in the order of the header; where some overlap, these are put together, and
 * all are in the order of the content. The size of the headers limits their number. Null when the whole is the answer: no header, another
 * unit, a wrong form, or ranges that read too many pieces. `'unsatisfiable'` when all of them lie outside.
 *
 * @param pieceBytes the size of a piece, of content that is larger than one
 */
export function parseByteRanges(header: string | null, size: number, pieceBytes?: number): ByteRange[] | 'unsatisfiable' | null {
  // Content-Range has no form for a range of no bytes: the answer is the whole.
  if (header === null || size === 0) return null
  const list = /^bytes=(.*)$/i.exec(header)?.[1]?.split(',')
  if (list === undefined) return null
  const ranges: ByteRange[] = []
  for (const text of list) {
    const range = parseRange(text, size)
    if (range === null) return null
    if (range !== 'unsatisfiable') ranges.push(range)
  }
  if (ranges.length === 0) return 'unsatisfiable'
  const joined = joinOverlapping(ranges)
  return pieceBytes !== undefined && partlyReadPieces(joined, pieceBytes) > MAX_PARTLY_READ_PIECES ? null : joined
}

/** Overlapping ranges would make a small request have a large answer. */
function joinOverlapping(ranges: ByteRange[]): ByteRange[] {
  const joined: ByteRange[] = []
  for (const { first, last } of ranges.toSorted((a, b) => a.first - b.first)) {
    const before = joined.at(-1)
    if (before === undefined || first > before.last) joined.push({ first, last })
    else before.last = Math.max(before.last, last)
  }
  return joined.length === ranges.length ? ranges : joined
}

function partlyReadPieces(ranges: readonly ByteRange[], pieceBytes: number): number {
  const pieceAt = (byte: number) => Math.floor(byte / pieceBytes)
  const read = ranges.reduce((sum, { first, last }) => sum + pieceAt(last) - pieceAt(first) + 1, 0)
  const bytes = ranges.reduce((sum, { first, last }) => sum + last - first + 1, 0)
  return read - pieceAt(bytes)
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
