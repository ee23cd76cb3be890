/** A DHT server that accepts every lease, keeps none, and denies every key's holders. */

import { generateKeyPair } from '@libp2p/crypto/keys'
import type { PrivateKey } from '@libp2p/interface'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import type { Multiaddr } from '@multiformats/multiaddr'
import { positionOf, sha256 } from '../../node/keys/index.ts'
import { compareDistance } from '../../node/network/index.ts'
import { PRESENCE_PROTOCOL } from '../../node/rendezvous/wire.ts'
import type { GroupSize, PresenceFrame } from '../../node/rendezvous/wire-frames.ts'
import type { Key } from '../../node/types.ts'
import { startRawPeer } from './raw-peer.ts'
import { PRESENCE_CODEC } from './raw-stream.ts'

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

/** @param group its word on its group, in a network that has groups: with it, others turn to it for keys, too */
export async function startDenier(privateKey: PrivateKey, join: string[], group?: GroupSize): Promise<Denier> {
  let denied = 0
  const peer = await startRawPeer<PresenceFrame>({
    role: 'node',
    join,
    privateKey,
    keepsPresence: false,
    serves: {
      protocol: PRESENCE_PROTOCOL,
      codec: PRESENCE_CODEC,
      onFrame(frame, { send }, libp2p) {
        const reply = denyingReply(frame, libp2p.getMultiaddrs(), group)
        if (reply === undefined) return
        if (reply.type === 'found') denied++
        send(reply)
      },
    },
  })
  return {
    id: peer.id,
    get denied() {
      return denied
    },
    get connections() {
      return peer.libp2p.getPeers().length
    },
    stop: peer.stop,
  }
}

function denyingReply(frame: PresenceFrame, addresses: Multiaddr[], group: GroupSize | undefined): PresenceFrame | undefined {
  switch (frame.type) {
    case 'hello':
      return { type: 'welcome', addresses, nowMs: Date.now(), servers: [], group }
    case 'hold':
      return { type: 'held', sequence: frame.sequence, refused: [] }
    case 'heartbeat':
      return { type: 'heartbeat-reply', ...(group && { nowMs: Date.now(), group }) }
    case 'find':
      return { type: 'found', id: frame.id, leases: [], stock: [], homes: [], count: 0 }
    case 'watch':
      return { type: 'count', key: frame.key, count: 0 }
    default:
      return undefined
  }
}
