/** The least a Node.js http server can do: the same bytes for every request, with the headers it is given. */

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { serveCalls } from '../worker.ts'

const calls = {
  /** Resolves with its port. */
  async start({ body, headers }: { body: Uint8Array; headers: [string, string][] }): Promise<number> {
    const sent = { ...Object.fromEntries(headers), 'content-length': String(body.byteLength) }
    const server = createServer((_request, response) => response.writeHead(200, sent).end(body))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return (server.address() as AddressInfo).port
  },
}

export type BareServerCalls = typeof calls
serveCalls(calls)
