/** The server by which pages that use PeerJS find each other. */

import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { serveCalls } from '../worker.ts'

/** The parts of its packages that are used here. */
interface PeerPackages {
  express: () => { use(handler: unknown): void; (request: unknown, response: unknown): void }
  ExpressPeerServer: (server: unknown, options: object) => unknown
  browserBundle: string
}

const calls = {
  /** Resolves with the server's port and the path of the script that a page loads. */
  async start({ entry }: { entry: string }): Promise<{ port: number; bundle: string }> {
    const { express, ExpressPeerServer, browserBundle } = (await import(entry)) as PeerPackages
    const app = express()
    const server = createServer(app)
    app.use(ExpressPeerServer(server, { path: '/' }))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return { port: (server.address() as AddressInfo).port, bundle: fileURLToPath(browserBundle) }
  },
}

export type PeerjsServerCalls = typeof calls
serveCalls(calls)
