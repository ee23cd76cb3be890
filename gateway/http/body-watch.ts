/**
 * Ends a request whose body stalls. As long as bytes arrive, a body may take its time: a large file over a slow line takes hours. Its size is
 * limited where it is read.
 */

import type { IncomingMessage, ServerResponse } from 'node:http'

/** The least that arrives between two checks, in bytes: a slower body stalls. */
const LEAST_BYTES = 1_024
/** How long a client may take to read the 408, in ms. */
const HEAR_MS = 1_000

/** @param stallMs the interval of the checks: a body that stalls is given up after two of them at the latest */
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
