/** kad-dht as a node has it: a server of the DHT, with our record store as its provider store. Each setting that works around something names it. */

import { kadDHT, passthroughMapper } from '@libp2p/kad-dht'
import type { Datastore } from 'interface-datastore'
import { type DhtComponents, type DhtPart, KAD_PROTOCOL } from './dht.ts'
import { BUCKET_BITS, BUCKET_SIZE, type KadTable } from './routing-table.ts'

type KadComponents = Parameters<ReturnType<typeof kadDHT>>[0]

/** @param providerStore only kad-dht sees it, as its `datastore` */
export function createKadDht(components: DhtComponents, providerStore: Datastore): DhtPart {
  const dht = kadDHT({
    protocol: KAD_PROTOCOL,
    clientMode: false,
    peerInfoMapper: passthroughMapper, // the default drops private addresses: on one machine nobody would ever be found
    initialQuerySelfInterval: 0,
    querySelfInterval: 30_000,
    kBucketSize: BUCKET_SIZE,
    prefixLength: BUCKET_BITS,
    alpha: 3,
    disjointPaths: 3,
    networkDialTimeout: { minTimeout: 500, maxTimeout: 3_000 },
    datastorePrefix: '/dht',
  })(
    new Proxy(components as unknown as KadComponents, {
      get: (target, name) => (name === 'datastore' ? providerStore : Reflect.get(target, name)),
    }),
  )
  return { service: dht, walker: dht as DhtPart['walker'], table: (dht as unknown as { routingTable: KadTable }).routingTable }
}
