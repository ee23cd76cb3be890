/** Creates the peer of a tab, with what only a browser has: hashing in a worker, pieces over HTTP, WebRTC. Loaded after the first paint. */

import type { OutboxStore } from '../../node/index.ts'
import { createFetchPiece } from './fetch-piece.ts'
import { readGatewayStatus } from './gateway-status.ts'
import { createIceServers } from './ice-servers.ts'
import type { PeerLibrary } from './types.ts'
import { loadWebRTC } from './web-rtc.ts'
import { createWorkerHasher, startHashThread } from './worker-hasher.ts'

export type TabPeer = Awaited<ReturnType<typeof createTabPeer>>

interface TabPeerParts {
  /** In memory when undefined. */
  outboxStore: OutboxStore | undefined
  browserSecret: Uint8Array | undefined
  /** It shares and receives; their code is loaded. */
  sharing?: boolean
}

export async function createTabPeer(
  library: Promise<PeerLibrary>,
  gateway: string,
  { outboxStore, browserSecret, sharing = false }: TabPeerParts,
) {
  // Without ICE servers, tabs in one local network still find each other.
  const findIceServers = createIceServers([gateway], readGatewayStatus)
  const loading = library.then((loaded) => {
    loaded.preloadTab({ sharing, hasWebRTC: true, join: [gateway] })
    return loaded
  })
  const [{ createTab, pieceRequest }, webRTC] = await Promise.all([loading, loadWebRTC(findIceServers)])
  const createHasher = createWorkerHasher(startHashThread)
  const peer = await createTab({
    join: [gateway],
    createHasher,
    sharing,
    fetchPiece: createFetchPiece(pieceRequest),
    ...(webRTC && { webRTC }),
    ...(outboxStore && { outboxStore }),
    ...(browserSecret && { browserSecret }),
  })
  return {
    peer,
    /** Loads the hashing worker while the gateway is there: it may be away when the worker is needed. */
    async prepareHashing() {
      await createHasher().digest()
    },
  }
}
