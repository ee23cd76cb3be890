/** Time-outs of the sockets of a server whose answer is under way: of clients that read nothing, and of those that closed their side. */

import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/** Looks within the idle time. Node.js itself would ask again for the whole of it whenever the write queue has moved. */
const LOOKS = 4
/** How long an answer that has begun may stand still once its client has closed its side, in ms. */
const HALF_CLOSED_IDLE_MS = 500
/** Between two interim responses, in ms: most answers come before the first. */
const PROBE_MS = 1_000

/** Ends each socket whose answer stands still for that long, give or take a quarter. @param idleMs in ms @param onStalled called for each */
export function endIdleSockets(server: Server, idleMs: number, onStalled: () => void): void {
  const lookMs = Math.ceil(idleMs / LOOKS)
  /** The traffic of a socket at its last look, and the looks since it has moved. */
  const seen = new WeakMap<Socket, { bytes: number; looks: number }>()
  server.timeout = lookMs
  server.on('timeout', (socket: Socket) => {
    if (socket.timeout !== lookMs) return void socket.destroy() // between requests, or half closed
    const bytes = socket.bytesRead + socket.bytesWritten
    const before = seen.get(socket)
    const looks = before?.bytes === bytes ? before.looks + 1 : 1
    if (looks >= LOOKS) {
      onStalled()
      return void socket.destroy()
    }
    seen.set(socket, { bytes, looks })
    socket.setTimeout(lookMs)
  })
}

/**
 * Answers go on when a client closes its side after its request, as HTTP allows. A client that has left for good looks the same until something
 * is written to it: see `watchHalfClosed`.
 */
export function allowHalfClosed(server: Server): void {
  Object.assign(server, { httpAllowHalfOpen: true }) // a property of Node.js's servers that its types leave out
}

/**
 * Finds out whether a client that closed its side has left. An answer that has begun and is silent, such as a feed, ends. Before an answer,
 * interim responses are sent, of which the first or second fails where nobody is.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-15.2
 */
export function watchHalfClosed({ socket, httpVersion }: IncomingMessage, outgoing: ServerResponse): void {
  let probing: ReturnType<typeof setInterval> | undefined
  const probe = () => {
    if (!outgoing.headersSent) outgoing.writeProcessing()
  }
  const onEnd = () => {
    if (outgoing.headersSent) socket.setTimeout(HALF_CLOSED_IDLE_MS)
    else if (httpVersion !== '1.0') probing = setInterval(probe, PROBE_MS)
  }
  socket.on('end', onEnd)
  outgoing.once('close', () => {
    socket.off('end', onEnd)
    clearInterval(probing)
  })
}
