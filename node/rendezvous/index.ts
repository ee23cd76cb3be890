/** Presence: leases, the record store, presence streams, placement, find and watch. */

export { hearAgain } from './hear-again.ts'
export { multihashOfPeer, readPeerId } from './lease.ts'
export { RENDEZVOUS_DEFAULTS, type RendezvousOptions } from './options.ts'
export { createOwnRecords } from './own-records.ts'
export { createNodePlacement, createTabPlacement, type Placement, RECORD_NODES } from './placement.ts'
export { createPresenceServer } from './presence-server.ts'
export { PROVIDER_STORE_DEFAULTS, ProviderStore, type ProviderStoreOptions } from './provider-store.ts'
export { createRecordStore, type RecordStore } from './record-store.ts'
export { createRendezvous, type NodePresence, type RendezvousService } from './rendezvous.ts'
export { createServerCompany } from './server-company.ts'
export { createStandingStatements, type Standing, type StandingStatements, standing } from './standing-statements.ts'
export { PRESENCE_PROTOCOL } from './wire.ts'
