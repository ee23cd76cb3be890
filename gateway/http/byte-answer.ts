/** Answers a GET or HEAD with bytes: preconditions on their entity tag, ranges, the whole. The caller makes the headers. */

import { randomUUID } from 'node:crypto'
import type { OpenedContent } from '../../node/index.ts'
import type { GatewayRequest, ReadBytes } from '../types.ts'
import { chunkAnswer } from './body-stream.ts'
import { type ByteRange, parseByteRanges, partOf } from './byte-range.ts'
import { allowsRange, checkPreconditions } from './conditional.ts'
import { namesType } from './media-range.ts'
import { problemError } from './problem.ts'

/** The bytes of an answer, as the peer opens them. While they are not trusted only the whole is read, and a Range header is ignored. */
type AnswerBody = Pick<OpenedContent, 'size' | 'isTrusted' | 'bytes' | 'pieces' | 'read'>

type AnswerHeaders = Readonly<Record<string, string>>

/**
 * @param givenHeaders those of an answer with the whole
 * @throws {ProblemError} 412, 416
 */
export function answerBody(incoming: GatewayRequest, body: AnswerBody, tag: string, givenHeaders: AnswerHeaders): Response {
  const { headers: requestHeaders, method } = incoming.request
  const headers = withWantedDigest(requestHeaders, givenHeaders)
  const lastModified = headers['last-modified']
  const precondition = checkPreconditions(requestHeaders, tag, lastModified)
  if (precondition === 'not-modified') return new Response(null, { status: 304, headers: withoutBody(headers) })
  if (precondition === 'failed') {
    throw problemError(412, 'ERR_PRECONDITION', 'If-Match names other bytes than these.')
  }
  if (method === 'HEAD') return new Response(null, { headers })
  const wanted = body.isTrusted && allowsRange(requestHeaders, tag, lastModified) ? requestHeaders.get('range') : null
  const ranges = parseByteRanges(wanted, body.size, body.pieces?.bytes)
  if (ranges === null) return answerContent(body, undefined, incoming, { headers })
  if (ranges === 'unsatisfiable') {
    throw problemError(416, 'ERR_RANGE', `The range is outside the content, which has ${body.size} bytes.`, {
      headers: { 'content-range': `bytes */${body.size}` },
    })
  }
  const [range, ...others] = ranges
  return range !== undefined && others.length === 0
    ? answerPart(incoming, body, range, headers)
    : answerParts(incoming, body, ranges, headers)
}

/** Adds the older form of Repr-Digest for clients that ask for it, as aria2 does. @see https://www.rfc-editor.org/rfc/rfc3230 */
function withWantedDigest(requestHeaders: Headers, headers: AnswerHeaders): AnswerHeaders {
  if (!namesType(requestHeaders.get('want-digest'), 'sha-256')) return headers
  const digest = /^sha-256=:(.+):$/.exec(headers['repr-digest'] ?? '')?.[1]
  return digest === undefined ? headers : { ...headers, digest: `SHA-256=${digest}` }
}

function answerPart(incoming: GatewayRequest, body: AnswerBody, range: ByteRange, headers: AnswerHeaders): Response {
  return answerContent(body, range, incoming, {
    status: 206,
    headers: {
      ...headers,
      'content-length': String(range.last - range.first + 1),
      'content-range': `bytes ${range.first}-${range.last}/${body.size}`,
    },
  })
}

function answerParts(incoming: GatewayRequest, body: AnswerBody, ranges: readonly ByteRange[], headers: AnswerHeaders): Response {
  const { contentType, size, read } = multipartRanges(body, ranges, headers['content-type'] ?? 'application/octet-stream')
  return answerChunks(read, incoming, {
    status: 206,
    headers: { ...headers, 'content-type': contentType, 'content-length': String(size) },
  })
}

function answerContent(body: AnswerBody, range: ByteRange | undefined, incoming: GatewayRequest, init: ResponseInit): Response {
  const { bytes } = body
  if (bytes === undefined)
    return answerChunks((signal, keepsNothing) => body.read(range && partOf(range), { signal, keepsNothing }), incoming, init)
  // Response's type takes no view on memory that might be shared; content never is.
  return new Response((range === undefined ? bytes : bytes.subarray(range.first, range.last + 1)) as Uint8Array<ArrayBuffer>, init)
}

/** Streams no faster than the client's rate, and counts in its quota until the end. */
function answerChunks(read: ReadBytes, { client, fetch, request }: GatewayRequest, init: ResponseInit): Response {
  const { cut } = client
  // A request makes its signal when it is first read, which costs: it is left alone where no client is counted.
  return fetch === undefined
    ? chunkAnswer(read, init, { cut })
    : chunkAnswer(fetch.pace(read), init, { cut, onEnd: fetch.stream(), signal: request.signal })
}

/** The headers of a 304: without those that describe a body. */
function withoutBody(headers: AnswerHeaders): Record<string, string> {
  const { 'content-length': _length, 'content-type': _type, ...rest } = headers
  return rest
}

/**
 * Several ranges in one answer, each with its own head (multipart/byteranges). The first begins with an empty line, too, as Apache and nginx
 * send it: zsync expects it.
 *
 * @param partType the media type of the whole
 * @see https://www.rfc-editor.org/rfc/rfc9110#name-media-type-multipart-byterang
 */
function multipartRanges(body: AnswerBody, ranges: readonly ByteRange[], partType: string) {
  const boundary = randomUUID()
  const encoder = new TextEncoder()
  const parts = ranges.map((range) => ({
    range,
    head: encoder.encode(
      `\r\n--${boundary}\r\ncontent-type: ${partType}\r\n` + `content-range: bytes ${range.first}-${range.last}/${body.size}\r\n\r\n`,
    ),
  }))
  const end = encoder.encode(`\r\n--${boundary}--\r\n`)
  return {
    contentType: `multipart/byteranges; boundary=${boundary}`,
    /** In bytes, heads included. */
    size: parts.reduce((sum, { range, head }) => sum + head.byteLength + range.last - range.first + 1, end.byteLength),
    async *read(signal: AbortSignal): AsyncIterable<Uint8Array> {
      for (const { range, head } of parts) {
        yield head
        yield* body.read(partOf(range), { signal })
      }
      yield end
    },
  }
}
