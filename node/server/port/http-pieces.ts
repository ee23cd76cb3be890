/**
 * Pieces from other nodes over plain HTTP, on connections that are kept: a fraction of the cost of an encrypted stream, for bytes that
 * anybody may have and that are checked by their hash. Whatever does not work is asked for on the stream instead.
 */

import { get as getHttp, Agent as HttpAgent, type IncomingMessage } from 'node:http'
import { get as getHttps, Agent as HttpsAgent } from 'node:https'
import { type FetchPiece, pieceRequest } from '../../index.ts'

/** Connections to one node, in use or waiting to be used again. A reader has six pieces of one holder under way. */
const MAX_SOCKETS = 8

export function createHttpPieces(): FetchPiece {
  const agents = {
    'http:': new HttpAgent({ keepAlive: true, maxSockets: MAX_SOCKETS, maxFreeSockets: MAX_SOCKETS, scheduling: 'fifo' }),
    'https:': new HttpsAgent({ keepAlive: true, maxSockets: MAX_SOCKETS, maxFreeSockets: MAX_SOCKETS, scheduling: 'fifo' }),
  }
  return (origin, piece, { signal, stallMs, from }) =>
    new Promise((resolve, reject) => {
      const { path, headers, status } = pieceRequest(piece, from)
      const url = new URL(path, origin)
      const isPlain = url.protocol === 'http:'
      const request = (isPlain ? getHttp : getHttps)(url, { headers, agent: agents[isPlain ? 'http:' : 'https:'] })
      const timer = setTimeout(() => request.destroy(), stallMs)
      const end = (bytes: Uint8Array | undefined) => {
        clearTimeout(timer)
        signal.removeEventListener('abort', onAbort)
        resolve(bytes)
      }
      const onAbort = () => {
        clearTimeout(timer)
        request.destroy()
        reject(signal.reason)
      }
      if (signal.aborted) return onAbort()
      signal.addEventListener('abort', onAbort, { once: true })
      request.on('close', () => end(undefined))
      request.on('error', () => end(undefined))
      request.on('response', (response) => readPiece(response, status, piece.size, () => timer.refresh(), end))
    })
}

function readPiece(
  response: IncomingMessage,
  status: number,
  size: number,
  heard: () => void,
  end: (bytes: Uint8Array | undefined) => void,
): void {
  if (response.statusCode !== status || Number(response.headers['content-length']) !== size) {
    response.resume() // a refusal is short, and the connection serves the next piece
    response.on('end', () => end(undefined))
    return
  }
  const piece = new Uint8Array(size)
  let received = 0
  response.on('data', (chunk: Uint8Array) => {
    heard()
    piece.set(chunk, received)
    received += chunk.byteLength
  })
  response.on('end', () => end(received === size ? piece : undefined))
}
