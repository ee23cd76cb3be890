/** Creates the peer of a tab, with what only a browser has: hashing in a worker, pieces over HTTP, WebRTC. Loaded after the first paint. */

import type { OutboxStore, Peer } from '../../node/index.ts'
import { createFetchPiece } from './fetch-piece.ts'
import { readGatewayStatus } from './gateway-status.ts'
import type { PeerLibrary } from './peer-library.ts'
import { loadWebRTC } from './web-rtc.ts'
import { createWorkerHasher, startHashThread } from './worker-hasher.ts'

export interface TabPeer {
  peer: Peer
  /** Loads the hashing worker while the gateway is there: it may be away when the worker is needed. */
  prepareHashing(): Promise<void>
}

export interface TabPeerOptions {
  library: Promise<PeerLibrary>
  gateway: string
  /** In memory when undefined. */
  outboxStore: OutboxStore | undefined
}

export async function createTabPeer({ library, gateway, outboxStore }: TabPeerOptions): Promise<TabPeer> {
  // Without ICE servers, tabs in one local network still find each other.
  const findIceServers = async () => (await readGatewayStatus(gateway)).iceServers ?? []
  const [{ createPeer, pieceRequest }, webRTC] = await Promise.all([library, loadWebRTC(findIceServers)])
  const createHasher = createWorkerHasher(startHashThread)
  const peer = await createPeer({
    role: 'tab',
    join: [gateway],
    createHasher,
    fetchPiece: createFetchPiece(pieceRequest),
    ...(webRTC && { webRTC }),
    ...(outboxStore && { outboxStore }),
  })
  return {
    peer,
    async prepareHashing() {
      await createHasher().digest()
    },
  }
}
