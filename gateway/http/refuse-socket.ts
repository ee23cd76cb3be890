/** The answer to the handshake of a websocket that is refused. */

import type { Duplex } from 'node:stream'

/** Writes an answer onto a connection that left the HTTP server. */
export async function refuseSocket(duplex: Duplex, response: Response): Promise<void> {
  const body = await response.text()
  const headers = new Headers(response.headers)
  headers.set('content-length', String(Buffer.byteLength(body)))
  headers.set('connection', 'close')
  const head = Array.from(headers, ([name, value]) => `${name}: ${value}\r\n`).join('')
  duplex.end(`HTTP/1.1 ${response.status} Refused\r\n${head}\r\n${body}`, () => duplex.destroy())
}
