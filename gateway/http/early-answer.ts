/**
 * Answers that are complete before the body of their request is: refusals, above all. A server that then closes the connection resets it for a
 * client that still sends, and the answer is lost; a reverse proxy makes a 502 of that. So the answer is sent at once, the rest of the body is
 * taken and dropped, within a bound, and only then is the connection closed.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9112#section-9.6
 */

import type { IncomingMessage, ServerResponse } from 'node:http'

export interface DropLimits {
  maxDroppedBytes: number
  maxDroppingMs: number
}

export function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
}

/** Called before a request with a body is handled. Further bytes of its body are dropped once its answer is complete. */
export function allowEarlyAnswer(incoming: IncomingMessage, outgoing: ServerResponse, limits: DropLimits): void {
  const writeHead = outgoing.writeHead.bind(outgoing) as (...args: unknown[]) => ServerResponse
  const end = outgoing.end.bind(outgoing) as (...args: unknown[]) => ServerResponse
  outgoing.writeHead = (...args: unknown[]) => {
    if (!incoming.complete) outgoing.setHeader('connection', 'close')
    return writeHead(...args)
  }
  outgoing.end = (...args: unknown[]) => {
    outgoing.end = end
    if (incoming.complete || incoming.destroyed) return end(...args)
    // Node.js closes the connection at the end of such an answer. Clients know by its Content-Length that they have all of it.
    const [chunk] = args
    if (typeof chunk === 'string' || chunk instanceof Uint8Array) outgoing.write(chunk)
    else outgoing.flushHeaders()
    dropBody(incoming, limits, () => void end())
    return outgoing
  }
}

/** @param onEnd called once: the body is over, or the limits are reached */
function dropBody(incoming: IncomingMessage, { maxDroppedBytes, maxDroppingMs }: DropLimits, onEnd: () => void): void {
  let dropped = 0
  const stop = () => {
    clearTimeout(timer)
    for (const event of ['end', 'close', 'error']) incoming.off(event, stop)
    incoming.off('data', drop)
    onEnd()
  }
  const drop = (chunk: Uint8Array) => {
    dropped += chunk.byteLength
    if (dropped > maxDroppedBytes) stop()
  }
  const timer = setTimeout(stop, maxDroppingMs)
  incoming.removeAllListeners('data') // a handler that read of it would keep what comes in memory
  for (const event of ['end', 'close', 'error']) incoming.on(event, stop)
  incoming.on('data', drop)
  incoming.resume()
}
