/** A DHT server that accepts every lease, keeps none, and denies every key's holders. */

import { generateKeyPair } from '@libp2p/crypto/keys'
import type { Libp2p, PrivateKey } from '@libp2p/interface'
import { peerIdFromPrivateKey, peerIdFromString } from '@libp2p/peer-id'
import type { Multiaddr } from '@multiformats/multiaddr'
import { positionOf, sha256 } from '../../node/keys/index.ts'
import { decodeGroupFrame, encodeGroupFrame, GROUPS_PROTOCOL, type GroupFrame } from '../../node/network/group-wire.ts'
import { compareDistance } from '../../node/network/index.ts'
import { PRESENCE_PROTOCOL } from '../../node/rendezvous/wire.ts'
import type { GroupSize, PresenceFrame } from '../../node/rendezvous/wire-frames.ts'
import type { Key } from '../../node/types.ts'
import { startRawPeer } from './raw-peer.ts'
import { createRawStream, PRESENCE_CODEC } from './raw-stream.ts'

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
  /** Its signed addresses. */
  record(): Promise<Uint8Array | undefined>
  /** How often it denied, or kept silent. */
  readonly denied: number
  /** Peers that it is connected to. */
  readonly connections: number
  stop(): Promise<void>
}

export interface DenierOptions {
  /** Its word on its group, in a network that has groups: with it, others turn to it for keys, too. */
  group?: GroupSize
  /** It does not deny: it never answers a find. */
  isSilent?: boolean
  /** It names these alone where it is asked for servers. */
  names?: readonly Denier[]
}

/** Its signed addresses, as identify sends them: libp2p's own peer store has none of itself. */
async function ownRecord({ peerId, services }: Libp2p): Promise<Uint8Array | undefined> {
  const { identify } = services as unknown as { identify: { components: Pick<Libp2p, 'peerStore'> } }
  return (await identify.components.peerStore.get(peerId)).peerRecordEnvelope
}

/** Names the servers of the list, whatever it is asked for. */
async function nameAlone(libp2p: Libp2p, names: readonly Denier[], { bits }: GroupSize): Promise<void> {
  await libp2p.unhandle(GROUPS_PROTOCOL)
  const recordsOf = async () => (await Promise.all(names.map(({ record }) => record()))).filter((bytes) => bytes !== undefined)
  await libp2p.handle(GROUPS_PROTOCOL, (stream) => {
    createRawStream(stream, { encode: encodeGroupFrame, decode: decodeGroupFrame }, ({ type, turn }: GroupFrame, { send }) => {
      if (type === 'spare') send({ type: 'spared', turn, isSpare: false })
      else if (type === 'compare') send({ type: 'roster', turn, ids: names.map(({ id }) => peerIdFromString(id).toMultihash().bytes) })
      else
        void recordsOf().then((records) => {
          if (type === 'join' || type === 'mates')
            send({ type: 'group', turn, bits, isWhole: true, size: records.length, records, delegates: records })
          else send({ type: 'servers', turn, records })
        })
    })
  })
}

export async function startDenier(privateKey: PrivateKey, join: string[], options: DenierOptions = {}): Promise<Denier> {
  const { group, isSilent = false, names } = options
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
        if (reply.type !== 'found' || !isSilent) send(reply)
      },
    },
  })
  if (names !== undefined && group !== undefined) await nameAlone(peer.libp2p, names, group)
  return {
    id: peer.id,
    record: () => ownRecord(peer.libp2p),
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
