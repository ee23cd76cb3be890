/**
 * The headers of an answer with verified bytes. This is the hot path: all that depends on the key alone is computed once and cached.
 * `content-search.ts` finds the bytes; `http/byte-answer.ts` applies preconditions and ranges.
 */

import { timeoutSignal } from '../../node/async/abort.ts'
import { createRecentMap } from '../../node/async/recent-map.ts'
import type { Key, OpenedContent, Peer } from '../../node/index.ts'
import type { Access } from '../http/access.ts'
import { answerBody } from '../http/byte-answer.ts'
import { contentDisposition, dispositionWish } from '../http/content-disposition.ts'
import { outlineQuery } from '../http/link-query.ts'
import { NAVIGATION_HEADERS } from '../http/navigation.ts'
import { HELD_HEADERS } from '../http/security-headers.ts'
import type { GatewayLimits, GatewayRequest } from '../types.ts'
import type { ContentProofs } from './content-proof.ts'
import { type ContentType, PLAIN, SNIFFED_BYTES, sniffContentType, typeFor, typeForPage } from './content-type.ts'
import type { ReadyAnswers } from './ready-answers.ts'

export interface ContentFacts {
  /** The key, in hex. */
  hash: string
  contentType: ContentType
  /** In bytes. */
  size: number
  /** The hash of the outline, which links carry; of content that is larger than one piece, once the outline is trusted. */
  outline?: Key
  /** Headers of an answer with the whole. Never changed. */
  headers: Readonly<Record<string, string>>
  /** The same for an address where navigations get the viewer. */
  negotiatedHeaders: Readonly<Record<string, string>>
}

/** Keys whose facts are cached: about 2 KiB each. */
const MAX_KNOWN = 4_096
/** Keys whose date is known: about 200 bytes each. */
const MAX_DATED = 65_536

export type ContentAnswers = ReturnType<typeof createContentAnswers>

interface ContentAnswersParts {
  peer: Peer
  limits: Pick<GatewayLimits, 'searchTimeoutMs'>
  access: Pick<Access, 'isForeignPage'>
  proofs: Pick<ContentProofs, 'isProvable'>
  /** Left out where each answer depends on more than its path. */
  ready?: Pick<ReadyAnswers, 'remember'> | undefined
}

export function createContentAnswers({ peer, limits, access, proofs, ready }: ContentAnswersParts) {
  /** By hash and the query of the link: another outline may be a lie about the same hash. */
  const known = createRecentMap<string, ContentFacts>({ maxEntries: MAX_KNOWN })

  /** By hash, since an address always has the same bytes: when this gateway found them first. A holder does not say since when it holds them. */
  const foundAt = createRecentMap<string, string>({ maxEntries: MAX_DATED })

  function lastModifiedOf(hash: string): string {
    const date = foundAt.get(hash) ?? new Date().toUTCString()
    foundAt.set(hash, date)
    return date
  }

  async function firstBytes(content: OpenedContent, incoming: GatewayRequest): Promise<Uint8Array> {
    const { key, outline, bundle, size } = content
    const signal = AbortSignal.any([incoming.request.signal, timeoutSignal(limits.searchTimeoutMs)])
    // A part of untrusted content is good enough to guess a type from.
    const opened =
      content.isTrusted || outline === undefined ? content : await peer.content.open(key, { outline, ...(bundle && { bundle }), signal })
    for await (const bytes of opened.read({ offset: 0, length: Math.min(size, SNIFFED_BYTES) }, { signal })) return bytes
    return new Uint8Array()
  }

  function textType(incoming: GatewayRequest): string {
    const { headers } = incoming.request
    const isForeign = headers.has('origin') && access.isForeignPage(incoming)
    return typeForPage(headers, isForeign, incoming.query.get('filename')) ?? PLAIN.type
  }

  /** Describes content that was found. The first bytes of large content are read when its key is not cached. */
  async function describe(content: OpenedContent, hash: string, incoming: GatewayRequest): Promise<ContentFacts> {
    const { outline, isTrusted, bytes } = content
    const id = hash + outlineQuery(outline)
    // An outline that only a holder vouches for is checked anew for each answer, so its facts are not cached.
    const cached = isTrusted ? known.get(id) : undefined
    if (cached !== undefined) return cached
    const type = await sniffContentType(bytes ?? (await firstBytes(content, incoming)), bytes !== undefined)
    const answers = { hasRanges: proofs.isProvable(content), lastModified: lastModifiedOf(hash) }
    const facts = { ...describeContent(hash, content.size, type, answers), ...(isTrusted && outline && { outline }) }
    if (isTrusted) known.set(id, facts)
    return facts
  }

  return {
    describe,
    /** Answers with a file of a bundle. @param facts with the type that the file has in the bundle */
    answerFile(content: OpenedContent, facts: ContentFacts, path: string, incoming: GatewayRequest): Response {
      const name = path.slice(path.lastIndexOf('/') + 1)
      const headers = {
        ...facts.headers,
        'content-type': typeFor(incoming.request.headers, facts.contentType.type),
        vary: `${NAVIGATION_HEADERS}, Sec-Fetch-Site`,
      }
      return answerBody(incoming, content, facts.hash, withDisposition(headers, name, incoming.query))
    },
    /** @param isNegotiated true for an address where navigations get the viewer */
    async answer(content: OpenedContent, hash: string, incoming: GatewayRequest, isNegotiated: boolean): Promise<Response> {
      const facts = await describe(content, hash, incoming)
      const described = isNegotiated ? facts.negotiatedHeaders : facts.headers
      const { key, bytes } = content
      if (bytes !== undefined) ready?.remember(isNegotiated ? `/${hash}` : `/raw/${hash}`, { key, hash, bytes, headers: described })
      const headers = facts.contentType === PLAIN ? { ...described, 'content-type': textType(incoming) } : described
      return answerBody(incoming, content, hash, withDisposition(headers, `${hash}.${facts.contentType.extension}`, incoming.query))
    },
  }
}

interface AnswerFacts {
  hasRanges: boolean
  /** A date of HTTP. */
  lastModified: string
}

function describeContent(hash: string, size: number, contentType: ContentType, { hasRanges, lastModified }: AnswerFacts): ContentFacts {
  const headers = {
    'content-type': contentType.type,
    'content-length': String(size),
    etag: `"${hash}"`,
    'repr-digest': `sha-256=:${Buffer.from(hash, 'hex').toString('base64')}:`,
    'accept-ranges': hasRanges ? 'bytes' : 'none',
    'cache-control': 'no-cache', // a cache may keep the bytes, but must ask again: content without a holder is gone
    'last-modified': lastModified,
    ...HELD_HEADERS,
    ...(contentType === PLAIN && { vary: 'Origin, Sec-Fetch-Dest' }),
  }
  const vary = contentType === PLAIN ? `Origin, ${NAVIGATION_HEADERS}` : NAVIGATION_HEADERS
  return { hash, contentType, size, headers, negotiatedHeaders: { ...headers, vary } }
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
