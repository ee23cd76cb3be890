/** Answers a GET or HEAD with bytes: conditions on their entity tag, ranges, the whole. Their headers come from the caller. */

import type { GatewayRequest, ReadBytes } from '../types.ts'
import { type AnswerBody, memoryBody } from './answer-body.ts'
import { streamBody } from './body-stream.ts'
import { type ByteRange, parseByteRanges } from './byte-range.ts'
import { allowsRange, checkPreconditions } from './conditional.ts'
import { multipartRanges } from './multipart-ranges.ts'
import { ProblemError } from './problem.ts'

type AnswerHeaders = Readonly<Record<string, string>>

/** @param headers those of the whole */
export function answerBytes(incoming: GatewayRequest, bytes: Uint8Array, tag: string, headers: AnswerHeaders): Response {
  return answerBody(incoming, memoryBody(bytes), tag, headers)
}

/**
 * @param headers those of the whole
 * @throws {ProblemError} 412, 416
 */
export function answerBody(incoming: GatewayRequest, body: AnswerBody, tag: string, headers: AnswerHeaders): Response {
  const { headers: asked, method } = incoming.request
  const precondition = checkPreconditions(asked, tag)
  if (precondition === 'not-modified') return new Response(null, { status: 304, headers: withoutBody(headers) })
  if (precondition === 'failed') {
    throw new ProblemError({ status: 412, code: 'ERR_PRECONDITION', message: 'If-Match names other bytes than these.' })
  }
  if (method === 'HEAD') return new Response(null, { headers })
  const ranges = body.isSeekable && allowsRange(asked, tag) ? parseByteRanges(asked.get('range'), body.size) : null
  if (ranges === null) return new Response(contentOf(body, undefined, incoming), { headers })
  if (ranges === 'unsatisfiable') {
    throw new ProblemError({
      status: 416,
      code: 'ERR_RANGE',
      message: `The range lies outside: there are ${body.size} bytes.`,
      headers: { 'content-range': `bytes */${body.size}` },
    })
  }
  const [range, ...others] = ranges
  return range !== undefined && others.length === 0
    ? answerPart(incoming, body, range, headers)
    : answerParts(incoming, body, ranges, headers)
}

function answerPart(incoming: GatewayRequest, body: AnswerBody, range: ByteRange, headers: AnswerHeaders): Response {
  return new Response(contentOf(body, range, incoming), {
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
  return new Response(contentStream(read, incoming), {
    status: 206,
    headers: { ...headers, 'content-type': contentType, 'content-length': String(size) },
  })
}

function contentOf(body: AnswerBody, range: ByteRange | undefined, incoming: GatewayRequest): Uint8Array<ArrayBuffer> | ReadableStream {
  const { bytes } = body
  if (bytes === undefined) return contentStream((signal) => body.read(range, signal), incoming)
  // Response takes no view on memory that might be shared; content never is.
  return (range === undefined ? bytes : bytes.subarray(range.first, range.last + 1)) as Uint8Array<ArrayBuffer>
}

/** No faster than the client may have it, and counted as long as it lasts. */
function contentStream(read: ReadBytes, { client, fetch, request }: GatewayRequest): ReadableStream {
  const { cut } = client
  // The signal of a request is made when it is first used: it is left alone where nothing is counted.
  return fetch === undefined
    ? streamBody(read, { cut })
    : streamBody(fetch.pace(read), { cut, onEnd: fetch.stream(), signal: request.signal })
}

/** A 304 has no body, and none of the headers that describe one. */
function withoutBody(headers: AnswerHeaders): Record<string, string> {
  const { 'content-length': _length, 'content-type': _type, ...rest } = headers
  return rest
}
