/** The parts of a node that a tab has not: a node answers others. `createPeer` is handed these, so that a page's library can leave them out. */

import { createNodeRoute } from './messages/index.ts'
import { createDuplicateIdWatch, createKadDht, createRelay } from './network/index.ts'
import { createPeopleRelay } from './people/way/relay-server.ts'
import { createPresenceServer, ProviderStore } from './rendezvous/index.ts'

export type NodeParts = typeof NODE_PARTS

export const NODE_PARTS = {
  createKadDht,
  createRelay,
  createDuplicateIdWatch,
  createPresenceServer,
  ProviderStore,
  createNodeRoute,
  createPeopleRelay,
}
