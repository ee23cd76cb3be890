/**
 * Answers other nodes with single pieces of content that this node or its tabs hold, or with its outline, and never searches for it. The other
 * nodes check each piece by its hash.
 */

import { decodeKeyHex, type Peer, type PieceAddress } from '../../node/index.ts'
import { requireHash } from '../http/address.ts'
import { chunkAnswer } from '../http/body-stream.ts'
import { parseBundle, parseOutline } from '../http/link-query.ts'
import { problemError } from '../http/problem.ts'
import { HELD_HEADERS } from '../http/security-headers.ts'
import type { GatewayRequest } from '../types.ts'

/** Pieces in one answer. */
const MAX_SPAN = 32

interface PieceParts {
  peer: Peer
  /** @throws {ProblemError} 410, for content that the operator refuses to serve */
  requireAllowed: (hash: string) => void
  /** True where bytes per second are limited, for clients or peers: only a stream of the content protocol identifies the peer. */
  isRateLimited(): boolean
}

/**
 * Answers `GET /api/v1/pieces/<hash>?o=<outline>&n=<number>`, with `&in=<bundle>` for a file of a bundle, and with `&count=<pieces>` for a span:
 * that piece and those behind it, one after the other, as many of them as can be had. With `n=outline` it answers with the outline.
 *
 * @throws {ProblemError} 400, 403, 404, 410, 429
 */
export async function answerPiece(
  { peer, requireAllowed, isRateLimited }: PieceParts,
  text: string,
  { query, request, fetch }: GatewayRequest,
): Promise<Response> {
  if (isRateLimited()) {
    throw problemError(
      403,
      'ERR_FORBIDDEN',
      'This node limits the bytes per second of each peer, so it sends pieces by the content protocol only.',
    )
  }
  const hash = requireHash(text)
  requireAllowed(hash)
  const outline = parseOutline(query)
  const number = query.get('n') ?? ''
  if (outline === undefined || !/^(?:outline|\d{1,4})$/.test(number)) {
    throw problemError(400, 'ERR_BAD_REQUEST', 'A piece needs the o of the content and its number n, from 0 to 4095, or n=outline.')
  }
  const count = query.get('count') ?? '1'
  if (!/^\d{1,2}$/.test(count) || Number(count) < 1 || Number(count) > MAX_SPAN) {
    throw problemError(400, 'ERR_BAD_REQUEST', `A span has a count of 1 to ${MAX_SPAN} pieces.`)
  }
  const bundle = parseBundle(query)
  const content = { key: decodeKeyHex(hash), outline, ...(bundle && { bundle }) }
  const index = number === 'outline' ? number : Number(number)
  const bytes = await peer.content.givePiece({ ...content, index }, { signal: request.signal })
  const headers = {
    'content-type': 'application/octet-stream',
    'cache-control': 'no-store', // a piece must not outlive its holders
    ...HELD_HEADERS,
  }
  if (index !== 'outline' && Number(count) > 1 && request.method !== 'HEAD') {
    const onEnd = fetch?.stream()
    const read = (signal: AbortSignal) => readSpan(peer, { ...content, index }, bytes, Number(count), signal)
    return chunkAnswer(read, { headers }, { ...(onEnd && { onEnd, signal: request.signal }) })
  }
  // Response takes no view on memory that might be shared; content never is.
  return new Response(request.method === 'HEAD' ? null : (bytes as Uint8Array<ArrayBuffer>), {
    headers: { ...headers, 'content-length': String(bytes.byteLength) },
  })
}

/** The first piece, and those behind it for as long as they can be had: the reader knows how long each must be. */
async function* readSpan(
  peer: Peer,
  piece: PieceAddress & { index: number },
  first: Uint8Array,
  count: number,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  yield first
  for (let index = piece.index + 1; index < piece.index + count; index++) {
    const bytes = await peer.content.givePiece({ ...piece, index }, { signal }).catch(() => undefined)
    if (bytes === undefined) return
    yield bytes
  }
}
