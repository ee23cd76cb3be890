/** A DHT server that takes every lease, keeps none, and says of every key that nobody holds it. */

import { createServer } from 'node:http'
import { generateKeyPair, privateKeyToProtobuf } from '@libp2p/crypto/keys'
import type { PrivateKey, Stream } from '@libp2p/interface'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { MemoryDatastore } from 'datastore-core'
import { positionOf, sha256 } from '../../node/keys/index.ts'
import { compareDistance, createFrameStream, createOverlay, createSupervisor } from '../../node/network/index.ts'
import { decodePresence, encodePresence, PRESENCE_PROTOCOL, type PresenceFrame } from '../../node/rendezvous/wire.ts'
import { createWebSocketListener } from '../../node/server/port/listener.ts'
import type { Key } from '../../node/types.ts'

/** Private keys whose peers are all nearer to the key than any of the given peers. */
export async function grindKeysNear(key: Key, count: number, others: Uint8Array[]): Promise<PrivateKey[]> {
  const position = await positionOf(key)
  const positions = await Promise.all(others.map((multihash) => sha256(multihash)))
  const nearest = positions.reduce((a, b) => (compareDistance(position, a, b) < 0 ? a : b))
  const keys: PrivateKey[] = []
  while (keys.length < count) {
    const candidate = await generateKeyPair('Ed25519')
    const at = await sha256(peerIdFromPrivateKey(candidate).toMultihash().bytes)
    if (compareDistance(position, at, nearest) < 0) keys.push(candidate)
  }
  return keys
}

export interface Denier {
  id: string
  /** How often it denied. */
  readonly denied: number
  /** Peers that it is connected to. */
  readonly connections: number
  stop(): Promise<void>
}

export async function startDenier(privateKey: PrivateKey, join: string[]): Promise<Denier> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const listener = createWebSocketListener(server)
  const { libp2p, servers } = await createOverlay({
    role: 'node',
    privateKey: privateKeyToProtobuf(privateKey),
    transport: listener.transport,
    listen: listener.listen,
    providerStore: new MemoryDatastore(),
    maxConnections: 1_000,
    serverProtocol: PRESENCE_PROTOCOL,
  })
  let denied = 0
  await libp2p.handle(
    PRESENCE_PROTOCOL,
    (stream: Stream) => {
      const frames = createFrameStream(stream, {
        maxFrameBytes: 65_536,
        maxUnsentBytes: 1_000_000,
        onFrame: (raw) => {
          const answer = deny(decodePresence(raw), libp2p.getMultiaddrs())
          if (answer === undefined) return
          if (answer.type === 'found') denied++
          frames.send(encodePresence(answer))
        },
        onEnd: () => {},
      })
    },
    { maxInboundStreams: 8 },
  )
  await servers.start()
  await libp2p.start()
  const supervisor = createSupervisor({ libp2p, servers, role: 'node', emit: () => {}, random: Math.random })
  supervisor.join(join)
  supervisor.start()
  return {
    id: libp2p.peerId.toString(),
    get denied() {
      return denied
    },
    get connections() {
      return libp2p.getPeers().length
    },
    async stop() {
      supervisor.stop()
      servers.stop()
      await libp2p.stop()
      server.closeAllConnections()
      server.close()
    },
  }
}

function deny(
  frame: PresenceFrame,
  addresses: ReturnType<Parameters<typeof createSupervisor>[0]['libp2p']['getMultiaddrs']>,
): PresenceFrame | undefined {
  switch (frame.type) {
    case 'hello':
      return { type: 'welcome', addresses, nowMs: Date.now(), servers: [] }
    case 'hold':
      return { type: 'held', sequence: frame.sequence, refused: [] }
    case 'beat':
      return { type: 'beat-back' }
    case 'find':
      return { type: 'found', id: frame.id, leases: [], stock: [], homes: [], count: 0 }
    case 'watch':
      return { type: 'count', key: frame.key, count: 0 }
    default:
      return undefined
  }
}
