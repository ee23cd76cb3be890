/** A mayfly node that holds content it makes as it is asked for, or one that has joined it and reads. Its process is set as the command's is. */

import { createGateway, createGatewayServer } from '../../../gateway/index.ts'
import { createPeer, decodeKeyHex, encodeKeyHex, type Peer } from '../../../node/index.ts'
import { countBytesApart } from '../../../node/server/port/byte-memory.ts'
import { createHttpPieces } from '../../../node/server/port/http-pieces.ts'
import { createWebSocketListener } from '../../../node/server/port/listener.ts'
import { createNativeHasher } from '../../../node/server/port/native-hasher.ts'
import { bulkSource } from '../bulk-content.ts'
import { startBulkMeter } from '../bulk-meter.ts'
import { waitUntil } from '../wait.ts'
import { serveCalls } from '../worker.ts'
import type { BulkPeerCalls } from './bulk-peer.ts'

const JOIN_MS = 20_000

let peer: Peer

const calls: BulkPeerCalls = {
  async start({ connect }) {
    const { server, listen, serve } = createGatewayServer()
    await listen({ port: 0, host: '127.0.0.1' })
    peer = await createPeer({
      role: 'node',
      listener: createWebSocketListener(server),
      createHasher: createNativeHasher,
      fetchPiece: createHttpPieces(),
      join: connect === undefined ? [] : [connect],
    })
    await peer.start()
    serve(createGateway({ peer, version: 'bench' }))
    await peer.joined({ signal: AbortSignal.timeout(JOIN_MS) })
    if (connect !== undefined) await waitUntil(() => peer.status().counts.servers > 0, JOIN_MS, 'the reader knows the holder')
    return peer.status().addresses[0] ?? ''
  },
  async offer(content) {
    const { key, outline } = await peer.content.hold(bulkSource(content))
    return `${encodeKeyHex(key)}?o=${outline === undefined ? '' : encodeKeyHex(outline)}`
  },
  async read({ content, reference }) {
    const [key = '', outline = ''] = reference.split('?o=')
    const meter = startBulkMeter(content)
    const opened = await peer.content.open(decodeKeyHex(key), { outline: decodeKeyHex(outline) })
    // Yielded bytes are verified: each piece before it is yielded, the whole before the last of it.
    for await (const bytes of opened.read(undefined, { keepsNothing: true })) meter.take(bytes)
    return meter.end()
  },
}

countBytesApart()
serveCalls(calls)
