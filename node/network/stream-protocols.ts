/**
 * Streams that write nothing into the peer store. For each stream, at both ends, libp2p adds its protocol to those of the peer: the entry is
 * locked, read, parsed, sorted, encoded and written, mostly as it was. Nobody reads that: what a peer speaks is what it says in identify, and a
 * tab that opens a stream to a DHT server does not serve the DHT.
 */

interface Components {
  peerStore: object
}

/** The field of libp2p's upgrader from which connections have their components: of the peer store, they call `merge` for a stream's protocol. */
interface Upgrader {
  components: Components
}

/** The field of libp2p's peer store after which it forgets a peer that it was told nothing of, in ms. */
interface PeerStore {
  store: { maxPeerAge: number }
}

/** To be called before the first connection. */
export function forgetStreamProtocols(components: { upgrader: unknown; peerStore: unknown }): void {
  const upgrader = components.upgrader as Upgrader
  const peerStore = { merge: async () => {} }
  upgrader.components = new Proxy(upgrader.components, {
    get: (own, name) => (name === 'peerStore' ? peerStore : Reflect.get(own, name)),
  })
  // A peer may stay for days: the datastore forgets the oldest.
  ;(components.peerStore as PeerStore).store.maxPeerAge = Number.POSITIVE_INFINITY
}
