/**
 * Answers with verified bytes: their headers. Where the bytes come from is in `content-search.ts`. This is
 * the hot path: what depends on the key alone is worked out once and kept. Conditions and ranges are in `byte-answer.ts`.
 */

import { createRecentMap } from '../../node/async/recent-map.ts'
import type { Key, OpenedContent, Peer } from '../../node/index.ts'
import { type AnswerBody, memoryBody, openedBody } from '../http/answer-body.ts'
import { answerBody } from '../http/byte-answer.ts'
import { contentDisposition, dispositionWish } from '../http/content-disposition.ts'
import { outlineQuery } from '../http/outline-query.ts'
import { HELD_HEADERS } from '../http/security-headers.ts'
import type { GatewayRequest } from '../types.ts'
import type { FoundContent } from './content-search.ts'
import { type ContentType, SNIFFED_BYTES, sniffContentType } from './content-type.ts'
import { typeFor } from './entry-type.ts'

export interface KnownContent {
  /** The key, in hex. */
  hash: string
  contentType: ContentType
  /** In bytes. */
  size: number
  /** Of content that is larger than one piece, when it is known to be true: links carry it. */
  outline?: Key
  /** Headers of a whole answer. Never changed. */
  headers: Readonly<Record<string, string>>
  /** The same for an address that answers a person with the viewer instead. */
  negotiatedHeaders: Readonly<Record<string, string>>
}

/** Keys whose type is remembered: about 2 KiB each. */
const MAX_KNOWN = 4_096

export class ContentAnswers {
  /** By hash, and the query of the link where there is an outline: another outline may be a lie about the same hash. */
  readonly #known = createRecentMap<string, KnownContent>({ maxEntries: MAX_KNOWN })
  readonly #peer: Peer
  readonly #searchTimeoutMs: number

  /** @param searchTimeoutMs how long the first bytes of large content may take, in ms */
  constructor(peer: Peer, searchTimeoutMs: number) {
    this.#peer = peer
    this.#searchTimeoutMs = searchTimeoutMs
  }

  /** What is known of content once it is found. Of large content, the first bytes are read when it is met for the first time. */
  async know(content: FoundContent, hash: string, incoming: GatewayRequest): Promise<KnownContent> {
    const isSmall = 'bytes' in content
    const id = isSmall ? hash : hash + outlineQuery(content.outline)
    const isTrusted = isSmall || content.isTrusted
    // What a holder alone says is asked anew each time, and is not what a link with that outline was told.
    const known = isTrusted ? this.#known.get(id) : undefined
    if (known !== undefined) return known
    if (isSmall) {
      const fresh = describe(hash, memoryBody(content.bytes), await sniffContentType(content.bytes))
      this.#known.set(id, fresh)
      return fresh
    }
    const type = await sniffContentType(await this.#firstBytes(content, incoming), false)
    const { outline } = content
    const fresh = { ...describe(hash, openedBody(content), type), ...(isTrusted && outline && { outline }) }
    if (isTrusted) this.#known.set(id, fresh)
    return fresh
  }

  /** Answers with a file of a bundle. `known.contentType` is the type that it has there. */
  answerFile(content: FoundContent, known: KnownContent, path: string, incoming: GatewayRequest): Response {
    const body = 'bytes' in content ? memoryBody(content.bytes) : openedBody(content)
    const name = path.slice(path.lastIndexOf('/') + 1)
    const headers = {
      ...known.headers,
      'content-type': typeFor(incoming.request.headers, known.contentType.type),
      vary: 'Accept, Sec-Fetch-Dest, Sec-Fetch-Site',
    }
    return answerBody(incoming, body, known.hash, withDisposition(headers, name, incoming.query))
  }

  /** `negotiated`: the address is one that a browser's navigation gets the viewer from. */
  async answer(content: FoundContent, hash: string, incoming: GatewayRequest, negotiated: boolean): Promise<Response> {
    const known = await this.know(content, hash, incoming)
    const headers = negotiated ? known.negotiatedHeaders : known.headers
    const body = 'bytes' in content ? memoryBody(content.bytes) : openedBody(content)
    return answerBody(incoming, body, hash, withDisposition(headers, `${hash}.${known.contentType.extension}`, incoming.query))
  }

  async #firstBytes(content: OpenedContent, incoming: GatewayRequest): Promise<Uint8Array> {
    const { key, outline, size } = content
    const signal = AbortSignal.any([incoming.request.signal, AbortSignal.timeout(this.#searchTimeoutMs)])
    // A part of what is not trusted is good enough to guess a type from.
    const opened = content.isTrusted || outline === undefined ? content : await this.#peer.content.open(key, { outline, signal })
    for await (const bytes of opened.read({ offset: 0, length: Math.min(size, SNIFFED_BYTES) }, { signal })) return bytes
    return new Uint8Array()
  }
}

function describe(hash: string, body: AnswerBody, contentType: ContentType): KnownContent {
  const headers = {
    'content-type': contentType.type,
    'content-length': String(body.size),
    etag: `"${hash}"`,
    'repr-digest': `sha-256=:${Buffer.from(hash, 'hex').toString('base64')}:`,
    'accept-ranges': body.isSeekable ? 'bytes' : 'none',
    'cache-control': 'no-cache', // a cache may keep it and must ask again: a page that is gone is gone
    ...HELD_HEADERS,
  }
  return { hash, contentType, size: body.size, headers, negotiatedHeaders: { ...headers, vary: 'Accept, Sec-Fetch-Dest' } }
}

function withDisposition(
  headers: Readonly<Record<string, string>>,
  fallbackName: string,
  query: URLSearchParams,
): Readonly<Record<string, string>> {
  if (query.size === 0) return headers
  const disposition = contentDisposition(dispositionWish(query), fallbackName)
  return disposition === null ? headers : { ...headers, 'content-disposition': disposition }
}
