/**
 * Fetches pieces from other nodes over plain HTTP, on kept connections: this costs a fraction of an encrypted stream, and is safe for public
 * bytes that are checked by their hash. Pieces that cannot be fetched this way are fetched over the stream instead.
 */

import { get as getHttp, Agent as HttpAgent, type IncomingMessage } from 'node:http'
import { get as getHttps, Agent as HttpsAgent } from 'node:https'
import { abortable } from '../../async/abort.ts'
import { type FetchPiece, pieceRequest } from '../../index.ts'

/** Connections to one node, in use or idle. A reader has six pieces of one holder in flight. */
const MAX_SOCKETS = 8

export function createHttpPieces(): FetchPiece {
  const agents = {
    'http:': new HttpAgent({ keepAlive: true, maxSockets: MAX_SOCKETS, maxFreeSockets: MAX_SOCKETS, scheduling: 'fifo' }),
    'https:': new HttpsAgent({ keepAlive: true, maxSockets: MAX_SOCKETS, maxFreeSockets: MAX_SOCKETS, scheduling: 'fifo' }),
  }
  return (origin, piece, { signal, stallMs, from }) =>
    abortable(signal, (resolve) => {
      const { path, headers, status } = pieceRequest(piece, from)
      const url = new URL(path, origin)
      const isPlain = url.protocol === 'http:'
      const request = (isPlain ? getHttp : getHttps)(url, { headers, agent: agents[isPlain ? 'http:' : 'https:'] })
      const timer = setTimeout(() => request.destroy(), stallMs)
      request.on('close', () => resolve(undefined))
      request.on('error', () => resolve(undefined))
      request.on('response', (response) => readPiece(response, status, piece.size, () => timer.refresh(), resolve))
      return () => {
        clearTimeout(timer)
        if (signal.aborted) request.destroy()
      }
    })
}

function readPiece(
  response: IncomingMessage,
  status: number,
  size: number,
  onData: () => void,
  resolve: (bytes: Uint8Array | undefined) => void,
): void {
  if (response.statusCode !== status || Number(response.headers['content-length']) !== size) {
    response.resume() // a refusal is short, and the connection can be used again
    response.on('end', () => resolve(undefined))
    return
  }
  const piece = new Uint8Array(size)
  let received = 0
  response.on('data', (chunk: Uint8Array) => {
    onData()
    piece.set(chunk, received)
    received += chunk.byteLength
  })
  response.on('end', () => resolve(received === size ? piece : undefined))
}
