/**
 * Pieces from a node's gateway by the browser's own HTTP: where content does not come from another tab directly, this costs the page far
 * less than the overlay's stream, whose encryption and framing it does itself. The peer checks what comes.
 */

import type { FetchPiece, pieceRequest, WantedPiece } from '../../node/index.ts'

/** A browser opens six connections to one server; the page needs some for itself. */
const MAX_AT_ONCE = 3

/** @param toRequest of the library, which is loaded late */
export function createFetchPiece(toRequest: typeof pieceRequest): FetchPiece {
  let underWay = 0
  /** Bounded by the pieces that the peer asks for at once. */
  const waiting: (() => void)[] = []

  async function take(signal: AbortSignal): Promise<void> {
    while (underWay >= MAX_AT_ONCE) await new Promise<void>((resolve) => waiting.push(resolve))
    if (signal.aborted) waiting.shift()?.() // its turn goes to the next
    signal.throwIfAborted()
    underWay++
  }

  return async (origin, piece, { signal, stallMs, from }) => {
    await take(signal)
    const stalled = new AbortController()
    let timer: ReturnType<typeof setTimeout> | undefined
    const heard = () => {
      clearTimeout(timer)
      timer = setTimeout(() => stalled.abort(), stallMs)
    }
    heard()
    try {
      const { path, headers, status } = toRequest(piece, from)
      const response = await fetch(new URL(path, origin), {
        headers,
        credentials: 'omit',
        cache: 'no-store', // the peer keeps what it needs; a piece in the browser's own cache would outlive its holders
        signal: AbortSignal.any([signal, stalled.signal]),
      })
      if (response.status === status) return await readPiece(response, piece, heard)
      await response.body?.cancel()
      return undefined
    } catch {
      signal.throwIfAborted()
      return undefined
    } finally {
      clearTimeout(timer)
      underWay--
      waiting.shift()?.()
    }
  }
}

async function readPiece(response: Response, { size }: WantedPiece, heard: () => void): Promise<Uint8Array | undefined> {
  const reader = response.body?.getReader()
  const bytes = new Uint8Array(size)
  let received = 0
  for (let part = await reader?.read(); part?.value !== undefined; part = await reader?.read()) {
    heard()
    if (received + part.value.byteLength > size) {
      await reader?.cancel()
      return undefined
    }
    bytes.set(part.value, received)
    received += part.value.byteLength
  }
  return received === size ? bytes : undefined
}
