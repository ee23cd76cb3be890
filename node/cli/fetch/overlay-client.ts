/** The overlay as a network client: a peer of its own that finds and fetches. */

import { createPeer, MayflyError } from '../../index.ts'
import { createHttpPieces } from '../../server/port/http-pieces.ts'
import { createNativeHasher } from '../../server/port/native-hasher.ts'
import { startJoined, stopSoon } from './joined-peer.ts'
import type { NetworkClient, NetworkClientOptions } from './network-client.ts'

export async function openOverlayClient(options: NetworkClientOptions): Promise<NetworkClient> {
  const peer = await createPeer({ role: 'tab', join: options.join, createHasher: createNativeHasher, fetchPiece: createHttpPieces() })
  await startJoined(peer, options)
  return {
    open: (key, options) => peer.content.open(key, options),
    async count(key, options) {
      for await (const holders of peer.rendezvous.watch(key, options)) return holders
      throw new MayflyError('ERR_NO_NETWORK', 'Cannot count the holders: the peer has left the network')
    },
    watch: (key, options) => peer.rendezvous.watch(key, options),
    close: () => stopSoon(peer),
  }
}
