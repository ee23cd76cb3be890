/**
 * A libp2p peer as its users put it together, without mayfly: websockets, Noise, yamux and stock kad-dht with its own defaults, but for
 * two without which nothing runs on one machine: one drops private addresses, so that nobody is found, one turns away who is the sixth
 * from an address in a second, which here is everybody.
 */

import { setTimeout as delay } from 'node:timers/promises'
import { noise } from '@chainsafe/libp2p-noise'
import { identify } from '@libp2p/identify'
import { type KadDHT, kadDHT, passthroughMapper } from '@libp2p/kad-dht'
import { ping } from '@libp2p/ping'
import { webSockets } from '@libp2p/websockets'
import { yamux } from '@libp2p/yamux'
import type { Libp2p, Libp2pOptions } from 'libp2p'
import { CID } from 'multiformats/cid'
import { encodeKeyCid } from '../../node/index.ts'

const LOOK_AGAIN_MS = 200
/** The share of the other servers that a server is to know: now and then kad-dht leaves one out, and for good. */
const KNOWN_SHARE = 0.75

type StockServices = { dht: KadDHT }
export type StockPeer = Libp2p<StockServices>

export interface StockOptions {
  /** A DHT server that others can dial, or a client that only dials. */
  server: boolean
  /** Stock settings, and the one that makes joining fast. */
  tuned?: boolean
}

export function stockOptions({ server, tuned }: StockOptions): Libp2pOptions<StockServices> {
  return {
    addresses: { listen: server ? ['/ip4/127.0.0.1/tcp/0/ws'] : [] },
    transports: [webSockets()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionManager: { inboundConnectionThreshold: 1_000, maxIncomingPendingConnections: 1_000 },
    services: {
      identify: identify(),
      ping: ping(),
      dht: kadDHT({
        protocol: '/bench/kad/1.0.0',
        clientMode: !server,
        peerInfoMapper: passthroughMapper,
        ...(tuned === true && { initialQuerySelfInterval: 0 }),
      }),
    } as unknown as NonNullable<Libp2pOptions<StockServices>['services']>,
  }
}

/** How many DHT servers a peer knows. */
function knownTo(peer: StockPeer): number {
  return (peer.services.dht as unknown as { routingTable: { size: number } }).routingTable.size
}

/**
 * Resolves once the peer knows most of the other servers. kad-dht looks for its neighbours as it starts and then every five minutes; whoever came
 * later than that is met by asking it to look again.
 *
 * @throws when it does not in time
 */
export async function meet(peer: StockPeer, others: number, timeoutMs: number): Promise<void> {
  const signal = AbortSignal.timeout(timeoutMs)
  while (knownTo(peer) < Math.floor(others * KNOWN_SHARE)) {
    for await (const _ of peer.peerRouting.getClosestPeers(peer.peerId.toMultihash().bytes, { signal })) signal.throwIfAborted()
    await delay(LOOK_AGAIN_MS, undefined, { signal })
  }
}

export function cidOf(key: Uint8Array): CID {
  return CID.parse(encodeKeyCid(key))
}
