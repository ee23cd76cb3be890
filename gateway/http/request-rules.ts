/** Rules of HTTP that the parser of Node.js leaves to its users: what a request may not say twice, and codings of a body that are unknown here. */

import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Problem } from './problem.ts'

const OTHER_CODING = 'The body of a request may have the transfer coding "chunked", and no other.'

/**
 * The fault of a request that must not be handled.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9112#section-3.2 (Host) and #section-6.1 (Transfer-Encoding)
 */
export function findRequestFault({ headersDistinct }: IncomingMessage): Problem | undefined {
  const coding = headersDistinct['transfer-encoding']?.join(', ').trim().toLowerCase() ?? 'chunked'
  if (coding !== 'chunked') return { status: 501, code: 'ERR_NOT_IMPLEMENTED', message: OTHER_CODING }
  const hosts = headersDistinct.host?.length ?? 0
  return hosts > 1 ? { status: 400, code: 'ERR_BAD_REQUEST', message: `The request has ${hosts} Host headers.` } : undefined
}

/** The target without the origin that a client of a proxy writes: Host alone names this gateway, and rights depend on it. */
export function toOriginForm(target: string): string {
  const local = target.replace(/^https?:\/\/[^/?]*/i, '')
  return local === target || local.startsWith('/') ? local : `/${local}`
}

/** Statuses by the code of the parser's error; every other one is 400. */
const STATUSES: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  HPE_CHUNK_EXTENSIONS_OVERFLOW: '413 Payload Too Large',
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
}

/** Answers a request that could not be parsed, where no answer has begun. */
export function answerParseError(error: Error & { code?: string; reason?: string }, socket: Duplex, hasBegun: boolean): void {
  if (!socket.writable || hasBegun || error.code === 'ECONNRESET') return void socket.destroy()
  // With a Content-Length beside it, a Transfer-Encoding is an attempt to smuggle a second request past a proxy.
  const isOtherCoding = error.code === 'HPE_INVALID_TRANSFER_ENCODING' && error.reason?.includes('Content-Length') !== true
  const status = isOtherCoding ? '501 Not Implemented' : (STATUSES[error.code ?? ''] ?? '400 Bad Request')
  const body = isOtherCoding ? `${OTHER_CODING}\n` : ''
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n${body}`, () => socket.destroy())
}
