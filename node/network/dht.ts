/** A peer's part in the DHT: kad-dht itself at a node (kad-dht.ts), its client in a tab (dht-client.ts). */

import type { Libp2p, PeerId } from '@libp2p/interface'
import type { KadTable, KadWalker } from './routing-table.ts'

export const KAD_PROTOCOL = '/mayfly/kad/1.0.0'

/** The part of libp2p's components that both use; kad-dht takes all of them. */
export interface DhtComponents {
  peerId: Libp2p['peerId']
  connectionManager: Pick<Libp2p, 'getConnections'> & { openConnection: Libp2p['dial'] }
}

export interface DhtPart {
  /** For libp2p's `services`, which starts and stops it. */
  service: object
  table: KadTable
  walker: KadWalker
  /** A node's: kad-dht dials such servers alone. Its walks would connect all to all, where servers form groups (node/groups). */
  limitDials?(isOfUse: (peer: PeerId) => boolean): void
  /** A node's signed addresses, as identify sends them; undefined while it has none. */
  ownRecord?(): Promise<Uint8Array | undefined>
}
