/** The parts of a node that a tab has not: a node answers others. `createPeer` is handed these, so that a page's library can leave them out. */

import { createNodeRoute } from './messages/index.ts'
import {
  type Clock,
  createDuplicateIdWatch,
  createKadDht,
  createPing,
  createRelay,
  createServerRecords,
  majorityAhead,
} from './network/index.ts'
import { createPeopleRelay } from './people/way/relay-server.ts'
import {
  createNodePlacement,
  createPresenceServer,
  createRecordStore,
  createServerCompany,
  hearAgain,
  type NodePresence,
  ProviderStore,
  type ProviderStoreOptions,
} from './rendezvous/index.ts'

type ProviderStoreContext = ConstructorParameters<typeof ProviderStore>[0]

export type NodeParts = typeof NODE_PARTS

export const NODE_PARTS = {
  createKadDht,
  createPing,
  createRelay,
  createDuplicateIdWatch,
  createServerRecords,
  createNodeRecords,
  createNodeRoute,
  createPeopleRelay,
  majorityAhead,
}

/** The records that a node keeps for the overlay, and its parts that serve them. */
function createNodeRecords(limits: Parameters<typeof createRecordStore>[0], clock: Clock) {
  const store = createRecordStore(limits, clock.now, Math.random, clock.monotonic)
  const presence: NodePresence = {
    createServer: (libp2p, tabs, context, options) => createPresenceServer(libp2p, tabs, { ...context, store }, options),
    createPlacement: createNodePlacement,
    createServerCompany,
    hearAgain,
  }
  return {
    store,
    presence,
    createProviderStore: (context: Omit<ProviderStoreContext, 'store'>, options: ProviderStoreOptions | undefined) =>
      new ProviderStore({ ...context, store }, options),
  }
}
