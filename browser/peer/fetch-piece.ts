/**
 * Fetches pieces from a node's gateway by the browser's own HTTP. Where content does not come straight from another tab, this costs the page
 * far less than a stream of the overlay, which it would have to decrypt and unframe itself. The peer checks each piece.
 */

import { createIdleTimeout } from '../../node/async/idle-timeout.ts'
import { createSemaphore } from '../../node/async/semaphore.ts'
import type { FetchPiece, pieceRequest, WantedPiece } from '../../node/index.ts'

/** A browser opens six connections to one server; the page needs some for itself. */
const MAX_AT_ONCE = 3

/** @param toRequest a function of the library, which is loaded late */
export function createFetchPiece(toRequest: typeof pieceRequest): FetchPiece {
  const connections = createSemaphore(MAX_AT_ONCE)

  return async (origin, piece, { signal, stallMs, from }) => {
    const release = await connections.acquire({ signal })
    const idle = createIdleTimeout(stallMs)
    try {
      const { path, headers, status } = toRequest(piece, from)
      const response = await fetch(new URL(path, origin), {
        headers,
        credentials: 'omit',
        cache: 'no-store', // the peer keeps what it needs; a piece in the browser's own cache would outlive its holders
        signal: AbortSignal.any([signal, idle.signal]),
      })
      if (response.status === status) return await readPiece(response, piece, () => idle.touch())
      await response.body?.cancel()
      return undefined
    } catch {
      signal.throwIfAborted()
      return undefined
    } finally {
      idle.end()
      release()
    }
  }
}

/** Undefined when the answer is longer or shorter than the piece. */
async function readPiece(response: Response, { size }: WantedPiece, onBytes: () => void): Promise<Uint8Array | undefined> {
  const reader = response.body?.getReader()
  const bytes = new Uint8Array(size)
  let received = 0
  for (let part = await reader?.read(); part?.value !== undefined; part = await reader?.read()) {
    onBytes()
    if (received + part.value.byteLength > size) {
      await reader?.cancel()
      return undefined
    }
    bytes.set(part.value, received)
    received += part.value.byteLength
  }
  return received === size ? bytes : undefined
}
