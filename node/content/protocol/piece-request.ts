/** The HTTP request for a piece. Pure: a tab and Node.js send it by different means. */

import { encodeKeyHex } from '../../keys/index.ts'
import type { FetchPieceOptions, WantedPiece } from '../types.ts'

interface PieceRequest {
  /** Path and query. */
  path: string
  headers: Record<string, string>
  /** The status of the response that carries the piece. */
  status: number
}

/** Path and query of the request for the outline of what the node or its tabs hold. A node that does not know it answers with an error. */
export function outlinePath(content: Pick<WantedPiece, 'key' | 'outline' | 'bundle'>): string {
  return `/api/v1/pieces/${queryOf(content)}&n=outline`
}

function queryOf({ key, outline, bundle }: Pick<WantedPiece, 'key' | 'outline' | 'bundle'>): string {
  return `${encodeKeyHex(key)}?o=${encodeKeyHex(outline)}${bundle === undefined ? '' : `&in=${encodeKeyHex(bundle)}`}`
}

/**
 * Pieces that the node or its tabs hold have an address of their own. A piece that any holder may send is a range of the content.
 *
 * @param count more than one: a span, which begins with this piece; the answer may be shorter
 */
export function pieceRequest({ index, offset, size, ...content }: WantedPiece, from: FetchPieceOptions['from'], count = 1): PieceRequest {
  const query = queryOf(content)
  if (from === 'node') return { path: `/api/v1/pieces/${query}&n=${index}${count > 1 ? `&count=${count}` : ''}`, headers: {}, status: 200 }
  return { path: `/raw/${query}`, headers: { range: `bytes=${offset}-${offset + count * size - 1}` }, status: 206 }
}
