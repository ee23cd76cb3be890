/** Record nodes of ends, as the routing table has them now. */

import type { PeerId } from '@libp2p/interface'
import { createRecentMap } from '../../async/recent-map.ts'
import { encodeKeyHex, positionOf } from '../../keys/index.ts'
import type { RoutingTable } from '../../network/index.ts'
import { createNodePlacement } from '../../rendezvous/index.ts'
import type { Key } from '../../types.ts'

export interface RecordPlace {
  /** Record nodes but this one, nearest first. */
  nodes: PeerId[]
  /** True when this node is one itself. */
  isSelf: boolean
}

export interface RecordPlaces {
  of(end: Key): Promise<RecordPlace>
  /** Forgets all: the servers have changed. */
  clear(): void
}

/** Ends whose record nodes are remembered while the servers stay the same. */
const MAX_PLACES = 1_024

export function createRecordPlaces(servers: RoutingTable): RecordPlaces {
  const placement = createNodePlacement(servers)
  /** By the end's key, hex. */
  const places = createRecentMap<string, RecordPlace>({ maxEntries: MAX_PLACES, order: 'added' })

  return {
    async of(end) {
      const id = encodeKeyHex(end)
      const known = places.get(id)
      if (known !== undefined) return known
      const position = await positionOf(end)
      const place = { nodes: placement.targets(position), isSelf: placement.keepsRecords(position) }
      places.set(id, place)
      return place
    },
    clear: () => places.clear(),
  }
}
