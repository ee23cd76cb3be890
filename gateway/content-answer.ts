/**
 * Answers with verified bytes: their headers, ranges and conditions. Where the bytes come from is in `content-search.ts`. This is
 * the hot path: what depends on the key alone is worked out once and kept.
 */

import { encodeKeyHex, type FetchedContent } from '../node/index.ts'
import { parseByteRange } from './byte-range.ts'
import { allowsRange, checkPreconditions } from './conditional.ts'
import { contentDisposition, dispositionWish } from './content-disposition.ts'
import { type ContentType, sniffContentType } from './content-type.ts'
import { ProblemError } from './problem.ts'
import { RecentMap } from './recent-map.ts'
import { HELD_HEADERS } from './security-headers.ts'
import type { Visit } from './types.ts'

export interface KnownContent {
  /** The key, in hex. */
  hash: string
  contentType: ContentType
  /** In bytes. */
  size: number
  /** Headers of a whole answer. Never changed. */
  headers: Readonly<Record<string, string>>
  /** The same for an address that answers a person with the viewer instead. */
  negotiatedHeaders: Readonly<Record<string, string>>
}

/** Keys whose type is remembered: about 2 KiB each. */
const MAX_KNOWN = 4_096

const ALLOWED_METHODS = 'GET, HEAD, OPTIONS'

export class ContentAnswers {
  readonly #known = new RecentMap<string, KnownContent>(MAX_KNOWN)

  /** What is known of content once its bytes are here. */
  async know(content: FetchedContent, hash = encodeKeyHex(content.key)): Promise<KnownContent> {
    const known = this.#known.get(hash)
    if (known !== undefined) return known
    const fresh = describe(hash, content.bytes, await sniffContentType(content.bytes))
    this.#known.set(hash, fresh)
    return fresh
  }

  /** `negotiated`: the address is one that a browser's navigation gets the viewer from. */
  async answer(content: FetchedContent, hash: string, visit: Visit, negotiated: boolean): Promise<Response> {
    const known = await this.know(content, hash)
    const headers = negotiated ? known.negotiatedHeaders : known.headers
    return answerBytes(visit, content.bytes, hash, withDisposition(headers, known, visit.query))
  }
}

/** Answers a GET or HEAD for `bytes`, honouring conditions on the entity tag, and ranges. `headers` are those of the whole. */
export function answerBytes(visit: Visit, bytes: Uint8Array, tag: string, headers: Readonly<Record<string, string>>): Response {
  const { headers: asked, method } = visit.request
  const precondition = checkPreconditions(asked, tag)
  if (precondition === 'not-modified') return new Response(null, { status: 304, headers: withoutBody(headers) })
  if (precondition === 'failed') {
    throw new ProblemError({ status: 412, code: 'ERR_PRECONDITION', message: 'If-Match names other bytes than these.' })
  }
  if (method === 'HEAD') return new Response(null, { headers })
  const range = allowsRange(asked, tag) ? parseByteRange(asked.get('range'), bytes.byteLength) : null
  if (range === null) return new Response(asBody(bytes), { headers })
  if (range === 'unsatisfiable') {
    throw new ProblemError({
      status: 416,
      code: 'ERR_RANGE',
      message: `The range lies outside: there are ${bytes.byteLength} bytes.`,
      headers: { 'content-range': `bytes */${bytes.byteLength}` },
    })
  }
  const part = bytes.subarray(range.first, range.last + 1)
  return new Response(asBody(part), {
    status: 206,
    headers: {
      ...headers,
      'content-length': String(part.byteLength),
      'content-range': `bytes ${range.first}-${range.last}/${bytes.byteLength}`,
    },
  })
}

/** The answer to OPTIONS on anything that only gives bytes away: every page may read it, in every way. */
export function answerReadOptions(): Response {
  return new Response(null, {
    status: 204,
    headers: {
      allow: ALLOWED_METHODS,
      'access-control-allow-origin': '*',
      'access-control-allow-methods': ALLOWED_METHODS,
      'access-control-allow-headers': '*',
      'access-control-max-age': '86400',
    },
  })
}

/** @throws {ProblemError} 405, for every method that does not read */
export function requireReadMethod(method: string): void {
  if (method === 'GET' || method === 'HEAD') return
  throw new ProblemError({
    status: 405,
    code: 'ERR_METHOD',
    message: `${method} does nothing here: content is read with GET.`,
    advice: 'To hold content, PUT it to /api/v1/content.',
    headers: { allow: ALLOWED_METHODS },
  })
}

function describe(hash: string, bytes: Uint8Array, contentType: ContentType): KnownContent {
  const headers = {
    'content-type': contentType.type,
    'content-length': String(bytes.byteLength),
    etag: `"${hash}"`,
    'repr-digest': `sha-256=:${Buffer.from(hash, 'hex').toString('base64')}:`,
    'accept-ranges': 'bytes',
    'cache-control': 'no-cache', // a cache may keep it and must ask again: a page that is gone is gone
    ...HELD_HEADERS,
  }
  return { hash, contentType, size: bytes.byteLength, headers, negotiatedHeaders: { ...headers, vary: 'Accept, Sec-Fetch-Dest' } }
}

function withDisposition(
  headers: Readonly<Record<string, string>>,
  known: KnownContent,
  query: URLSearchParams,
): Readonly<Record<string, string>> {
  if (query.size === 0) return headers
  const disposition = contentDisposition(dispositionWish(query), `${known.hash}.${known.contentType.extension}`)
  return disposition === null ? headers : { ...headers, 'content-disposition': disposition }
}

/** A 304 has no body, and none of the headers that describe one. */
function withoutBody(headers: Readonly<Record<string, string>>): Record<string, string> {
  const { 'content-length': _length, 'content-type': _type, ...rest } = headers
  return rest
}

/** Response takes no view on memory that might be shared; content never is. */
function asBody(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return bytes as Uint8Array<ArrayBuffer>
}
