/** The overlay as an entrance: a peer of one's own that finds and fetches by itself. */

import { createPeer, MayflyError } from '../../index.ts'
import { createHttpPieces } from '../../server/port/http-pieces.ts'
import { createNativeHasher } from '../../server/port/native-hasher.ts'
import type { Entrance, EntranceOptions } from './entrance.ts'
import { startJoined, stopSoon } from './joined-peer.ts'

export async function openOverlayEntrance(options: EntranceOptions): Promise<Entrance> {
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
