/**
 * The Content-Disposition header that a link asks for. Names come from strangers: they are sanitized first, and no name can add a header or
 * a parameter.
 *
 * @see https://www.rfc-editor.org/rfc/rfc6266 and https://www.rfc-editor.org/rfc/rfc8187 (names outside ASCII)
 */

import { harmlessName } from '../../node/index.ts'

/** Characters that RFC 8187 encodes and encodeURIComponent does not. */
const NOT_ATTR_CHAR = /['()*]/g

interface DispositionWish {
  /** `?filename=`, as decoded from the query; empty or null for none. */
  filename: string | null
  /** `?download=1`. */
  download: boolean
}

/** Reads `?filename=` and `?download`. `?download`, `?download=1` and `?download=true` ask for a download; `0`, `false` and no parameter do not. */
export function dispositionWish(query: URLSearchParams): DispositionWish {
  const download = query.get('download')
  return { filename: query.get('filename'), download: download !== null && download !== '0' && download !== 'false' }
}

/** The header's value; null when the link asks for neither. @param fallbackName the name of a download without one */
export function contentDisposition(wish: DispositionWish, fallbackName: string): string | null {
  const name = harmlessName(wish.filename ?? '') || (wish.download ? fallbackName : '')
  if (name === '') return null
  return `${wish.download ? 'attachment' : 'inline'}; ${fileNameParameters(name)}`
}

function fileNameParameters(name: string): string {
  // The plain form is for clients that know no other. Some of them decode a %, so it is replaced too.
  const ascii = name.replace(/[^\x20-\x7e]/gu, '_').replace(/["\\%]/g, '_')
  if (ascii === name) return `filename="${ascii}"`
  const encoded = encodeURIComponent(name).replace(NOT_ATTR_CHAR, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`)
  return `filename="${ascii}"; filename*=UTF-8''${encoded}`
}
