/** How a piece is asked for over HTTP. Pure; who sends it is handed in, since a tab and Node.js have different means. */

import { encodeKeyHex } from '../../keys/index.ts'
import type { FetchPieceOptions, WantedPiece } from '../types.ts'

export interface PieceRequest {
  /** Path and query. */
  path: string
  headers: Record<string, string>
  /** The status of the answer that has the piece. */
  status: number
}

/** A node's own pieces have an address of their own; of what anybody holds, a piece is a range like any other. */
export function pieceRequest({ key, outline, index, offset, size }: WantedPiece, from: FetchPieceOptions['from']): PieceRequest {
  const query = `${encodeKeyHex(key)}?o=${encodeKeyHex(outline)}`
  if (from === 'node') return { path: `/api/v1/pieces/${query}&n=${index}`, headers: {}, status: 200 }
  return { path: `/raw/${query}`, headers: { range: `bytes=${offset}-${offset + size - 1}` }, status: 206 }
}
