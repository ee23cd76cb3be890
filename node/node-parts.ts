/** The parts of a node that a tab has not: a node answers others. `createPeer` is handed these, so that a page's library can leave them out. */

import type { ContentGiving } from './content/content.ts'
import type { PeerLimits } from './limits.ts'
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
  createHomeService,
  createNodePlacement,
  createPresenceServer,
  createRecordStore,
  createServerCompany,
  type GiveNow,
  hearAgain,
  type NodePresence,
  ProviderStore,
  type ProviderStoreOptions,
} from './rendezvous/index.ts'

/** The contents of records may take this part of what the cache may. */
const KEPT_SHARE = 4

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
function createNodeRecords(limits: PeerLimits, clock: Clock) {
  const { maxRecords, maxRecordsPerKey, maxCacheBytes } = limits
  const kept = { maxRecords, maxRecordsPerKey, maxKeptBytes: Math.floor(maxCacheBytes / KEPT_SHARE) }
  const store = createRecordStore(kept, clock.now, Math.random, clock.monotonic)
  let giving: ContentGiving | undefined
  const giveNow: GiveNow = (...given) => giving?.giveNow(...given) !== false
  const presence: NodePresence = {
    createServer: (libp2p, tabs, context, options) => createPresenceServer(libp2p, tabs, { ...context, store, giveNow }, options),
    createPlacement: createNodePlacement,
    createHomeService,
    createServerCompany,
    hearAgain,
  }
  return {
    store,
    presence,
    /** Small content beside answers counts, and is bounded, as all content that is given here. Undefined for a node without content. */
    giveBy(given: ContentGiving | undefined) {
      giving = given
    },
    createProviderStore: (context: Omit<ProviderStoreContext, 'store'>, options: ProviderStoreOptions | undefined) =>
      new ProviderStore({ ...context, store }, options),
  }
}
