/**
 * The servers that a peer turns to for a key. A node turns to the record nodes, the `r` servers nearest to the key; a tab to its home, which
 * does the rest. kad-dht decides where: this reads its table, and walks where the table has gaps.
 */

import type { PeerId } from '@libp2p/interface'
import { multihashOf } from '../keys/index.ts'
import type { ServerName, ServerTable } from '../network/index.ts'
import type { AbortOptions, Key } from '../types.ts'

/** How many record nodes keep each key. Three: two may fail, or one may lie, and the count is still right. */
export const RECORD_NODES = 3

export interface Placement<Name extends ServerName = PeerId> {
  /** The key's record nodes, or a tab's home; never this peer itself. */
  targets(position: Uint8Array): Name[]
  /** True when this peer is itself a record node for the position. */
  keepsRecords(position: Uint8Array): boolean
  /** Record nodes that the routing table may not know, found by a walk; yields nothing where the table is whole. */
  walk(key: Key, position: Uint8Array, options?: AbortOptions): AsyncIterable<Name>
}

/** The part of the table that a node's placement reads. */
export type PlacementServers<Name extends ServerName = PeerId> = Pick<ServerTable<Name>, 'closest' | 'isSelfAmongClosest' | 'hasGapAt'> & {
  walk(multihash: Uint8Array, options?: AbortOptions): AsyncIterable<Name>
}

export function createNodePlacement<Name extends ServerName = PeerId>(servers: PlacementServers<Name>): Placement<Name> {
  return {
    targets(position) {
      const nearest = servers.closest(position, RECORD_NODES)
      return servers.isSelfAmongClosest(position, RECORD_NODES) ? nearest.slice(0, RECORD_NODES - 1) : nearest
    },
    keepsRecords: (position) => servers.isSelfAmongClosest(position, RECORD_NODES),
    async *walk(key, position, options) {
      if (!servers.hasGapAt(position)) return
      let found = 0
      for await (const peer of servers.walk(multihashOf(key), options)) {
        yield peer
        if (++found >= RECORD_NODES) return
      }
    },
  }
}

export function createTabPlacement(home: () => PeerId | undefined): Placement {
  return {
    targets() {
      const peer = home()
      return peer === undefined ? [] : [peer]
    },
    keepsRecords: () => false,
    async *walk() {},
  }
}
