/**
 * Streams that write nothing into the peer store. For each stream, at both ends, libp2p adds its protocol to those of the peer: the entry is
 * locked, read, parsed, sorted, encoded and written, mostly as it was. Nobody reads that: what a peer speaks is what it says in identify, and a
 * tab that opens a stream to a DHT server does not serve the DHT.
 */

import type { PeerStore } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import { withoutPeerId } from './addresses.ts'

interface Components {
  peerStore: object
}

/** The field of libp2p's upgrader from which connections have their components: of the peer store, they call `merge` for a stream's protocol. */
interface Upgrader {
  components: Components
}

/** The field of libp2p's peer store after which it forgets a peer that it was told nothing of, in ms. */
interface OwnPeerStore extends PeerStore {
  store: { maxPeerAge: number }
}

/** The store takes the peer id off an address itself, but after it has looked for another one that is the same. */
const bare = (address: Multiaddr) => (address.toString().includes('/p2p-circuit') ? address : withoutPeerId(address))

/** To be called before the first connection. */
export function forgetStreamProtocols(components: { upgrader: unknown; peerStore: unknown }): void {
  const upgrader = components.upgrader as Upgrader
  const peerStore = { merge: async () => {} }
  upgrader.components = new Proxy(upgrader.components, {
    get: (own, name) => (name === 'peerStore' ? peerStore : Reflect.get(own, name)),
  })
  const own = components.peerStore as OwnPeerStore
  // A peer may stay for days: the datastore forgets the oldest.
  own.store.maxPeerAge = Number.POSITIVE_INFINITY
  const merge = own.merge.bind(own)
  // The next stream's write would have mended an entry with one address twice.
  own.merge = (peer, { multiaddrs, ...data }, options) =>
    merge(peer, multiaddrs === undefined ? data : { ...data, multiaddrs: multiaddrs.map(bare) }, options)
}
