/**
 * The Range header for bytes. One range is granted; several are answered whole, which the standard allows.
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
 * The range that a header asks for of `size` bytes; `null` when the whole is the answer (no header, another unit, wrong form,
 * several ranges, nothing to cut); `'unsatisfiable'` when it lies outside.
 */
export function parseByteRange(header: string | null, size: number): ByteRange | 'unsatisfiable' | null {
  // A range of nothing cannot be written down (Content-Range has no form for it): the whole is as good.
  if (header === null || size === 0) return null
  const match = /^bytes=[ \t]*(\d*)-(\d*)[ \t]*$/i.exec(header)
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
