/**
 * Ends a request whose body has stopped coming. As long as bytes keep coming, a body may take its time: a large file over a slow line
 * takes hours. How large it may be is for who reads it.
 */

import type { IncomingMessage, ServerResponse } from 'node:http'

/** What has to come from one look to the next, in bytes: a line that is slower than this has stopped. */
const LEAST_BYTES = 1_024
/** How long a client that is told may take to hear it, in ms. */
const HEAR_MS = 1_000

/** @param stallMs how often to look: after two of these at the latest, a body that has stopped is given up */
export function watchBody(incoming: IncomingMessage, outgoing: ServerResponse, stallMs: number): void {
  const { socket, headers } = incoming
  if (headers['transfer-encoding'] === undefined && Number(headers['content-length'] ?? 0) === 0) return
  let seenBytes = socket.bytesRead
  const timer = setInterval(() => {
    if (incoming.complete) return end()
    const newBytes = socket.bytesRead - seenBytes
    seenBytes += newBytes
    if (newBytes >= LEAST_BYTES) return
    end()
    if (outgoing.headersSent) return void socket.destroy()
    const body = `The body of the request stopped coming: less than ${LEAST_BYTES} bytes in ${stallMs / 1_000} s.\n`
    socket.setTimeout(HEAR_MS, () => socket.destroy())
    socket.end(`HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n${body}`)
  }, stallMs)
  const end = () => clearInterval(timer)
  incoming.once('end', end)
  incoming.once('close', end)
}
