/** A download from a Node.js http server over a connection that stays open, with SHA-256 of the whole at the reader. */

import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { Agent, createServer, get, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { bulkParts } from '../bulk-content.ts'
import { sha256Of } from '../bulk-hash.ts'
import { startBulkMeter } from '../bulk-meter.ts'
import { serveCalls } from '../worker.ts'
import type { BulkPeerCalls } from './bulk-peer.ts'

const PART_BYTES = 1_048_576

const agent = new Agent({ keepAlive: true, maxSockets: 1 })
let port = 0

const calls: BulkPeerCalls = {
  async start({ connect }) {
    if (connect !== undefined) {
      port = Number(connect)
      for await (const _ of await ask(0, 0)); // opens the connection
      return ''
    }
    const server = createServer((request, response) => {
      const asked = new URL(request.url ?? '/', 'http://localhost').searchParams
      const content = { size: Number(asked.get('size')), seed: Number(asked.get('seed')) }
      response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': content.size })
      Readable.from(bulkParts(content, PART_BYTES), { objectMode: false }).pipe(response)
    })
    server.keepAliveTimeout = 0
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return String((server.address() as AddressInfo).port)
  },
  offer: async (content) => sha256Of(content),
  async read({ content, reference }) {
    const hash = createHash('sha256')
    const meter = startBulkMeter(content)
    const response = await ask(content.size, content.seed)
    response.on('data', (bytes: Buffer) => {
      hash.update(bytes)
      meter.take(bytes)
    })
    await once(response, 'end')
    if (hash.digest('hex') !== reference) throw new Error('the whole has another SHA-256')
    return meter.end()
  },
}

async function ask(size: number, seed: number): Promise<IncomingMessage> {
  const request = get({ port, host: '127.0.0.1', agent, path: `/?size=${size}&seed=${seed}` })
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  return response
}

serveCalls(calls)
