/**
 * The Content-Disposition header that a link asks for. Names come from strangers: they are sanitized first, and no name can add a header or
 * a parameter.
 *
 * @see https://www.rfc-editor.org/rfc/rfc6266 and https://www.rfc-editor.org/rfc/rfc8187 (names outside ASCII)
 */

/** Common file systems allow 255 bytes in a name. */
const MAX_NAME_BYTES = 255
/** Control characters, and bidirectional controls, which show `gpj.exe` as `exe.jpg`. */
const DECEIVING = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/g
const SEPARATORS = /[/\\]/g
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

/** The name without deceiving characters and path separators; empty when nothing is left. */
export function harmlessName(name: string): string {
  const clean = name.toWellFormed().replace(DECEIVING, '').replace(SEPARATORS, '_').trim()
  return cutToBytes(clean === '.' || clean === '..' ? '' : clean, MAX_NAME_BYTES)
}

function fileNameParameters(name: string): string {
  // The plain form is for clients that know no other. Some of them decode a %, so it is replaced too.
  const ascii = name.replace(/[^\x20-\x7e]/gu, '_').replace(/["\\%]/g, '_')
  if (ascii === name) return `filename="${ascii}"`
  const encoded = encodeURIComponent(name).replace(NOT_ATTR_CHAR, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`)
  return `filename="${ascii}"; filename*=UTF-8''${encoded}`
}

/** Cuts between characters, never inside one. */
function cutToBytes(text: string, maxBytes: number): string {
  const encoder = new TextEncoder()
  const { read } = encoder.encodeInto(text, new Uint8Array(maxBytes))
  return text.slice(0, read)
}
