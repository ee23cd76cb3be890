/**
 * Answers other nodes with single pieces of content that this node or its tabs hold, and never searches for it. The other nodes check each
 * piece by its hash.
 */

import { decodeKeyHex, type Peer } from '../../node/index.ts'
import { requireHash } from '../http/address.ts'
import { parseBundle, parseOutline } from '../http/link-query.ts'
import { problemError } from '../http/problem.ts'
import { HELD_HEADERS } from '../http/security-headers.ts'
import type { GatewayRequest } from '../types.ts'

interface PieceParts {
  peer: Peer
  /** @throws {ProblemError} 410, for content that the operator refuses to serve */
  requireAllowed: (hash: string) => void
  /** True where bytes per second are limited, for clients or peers: only a stream of the content protocol identifies the peer. */
  isRateLimited(): boolean
}

/**
 * Answers `GET /api/v1/pieces/<hash>?o=<outline>&n=<number>`, with `&in=<bundle>` for a file of a bundle.
 *
 * @throws {ProblemError} 400, 403, 404, 410, 429
 */
export async function answerPiece(
  { peer, requireAllowed, isRateLimited }: PieceParts,
  text: string,
  { query, request }: GatewayRequest,
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
  if (outline === undefined || !/^\d{1,4}$/.test(number)) {
    throw problemError(400, 'ERR_BAD_REQUEST', 'A piece needs the o of the content and its number n, from 0 to 4095.')
  }
  const bundle = parseBundle(query)
  const piece = { key: decodeKeyHex(hash), outline, index: Number(number), ...(bundle && { bundle }) }
  const bytes = await peer.content.givePiece(piece, { signal: request.signal })
  const headers = {
    'content-type': 'application/octet-stream',
    'content-length': String(bytes.byteLength),
    'cache-control': 'no-store', // a piece must not outlive its holders
    ...HELD_HEADERS,
  }
  // Response takes no view on memory that might be shared; content never is.
  return new Response(request.method === 'HEAD' ? null : (bytes as Uint8Array<ArrayBuffer>), { headers })
}
