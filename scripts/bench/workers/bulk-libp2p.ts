/** Bytes over one stream of stock libp2p (websockets, Noise, yamux, each with its defaults), with SHA-256 of the whole at the reader. */

import { createHash } from 'node:crypto'
import { once } from 'node:events'
import type { Connection, Stream } from '@libp2p/interface'
import { lpStream } from '@libp2p/utils'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { type BulkContent, bulkParts } from '../bulk-content.ts'
import { sha256Of } from '../bulk-hash.ts'
import { startBulkMeter } from '../bulk-meter.ts'
import { stockOptions } from '../stock-libp2p.ts'
import { serveCalls } from '../worker.ts'
import type { BulkPeerCalls } from './bulk-peer.ts'

const PROTOCOL = '/bench/bulk/1.0.0'
/** As large as yamux' own message. */
const PART_BYTES = 65_536

let connection: Connection

const calls: BulkPeerCalls = {
  async start({ connect }) {
    const own = await createLibp2p(stockOptions({ server: connect === undefined }))
    await own.handle(PROTOCOL, give)
    if (connect !== undefined) connection = await own.dial(multiaddr(connect))
    return String(own.getMultiaddrs()[0] ?? '')
  },
  offer: async (content) => sha256Of(content),
  async read({ content, reference }) {
    const hash = createHash('sha256')
    const meter = startBulkMeter(content)
    const stream = await connection.newStream(PROTOCOL)
    const question = lpStream(stream)
    await question.write(new TextEncoder().encode(JSON.stringify(content)))
    for await (const bytes of question.unwrap()) {
      for (const part of bytes instanceof Uint8Array ? [bytes] : bytes) {
        hash.update(part)
        meter.take(part)
      }
    }
    await stream.close()
    if (hash.digest('hex') !== reference) throw new Error('the whole has another SHA-256')
    return meter.end()
  },
}

async function give(stream: Stream): Promise<void> {
  const question = lpStream(stream)
  const content = JSON.parse(new TextDecoder().decode((await question.read()).subarray())) as BulkContent
  const target = question.unwrap()
  for (const part of bulkParts(content, PART_BYTES)) {
    if (!target.send(part)) await once(target, 'drain')
  }
  await target.close()
}

serveCalls(calls)
