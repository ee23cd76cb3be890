/** Addresses that travel in presence frames: this peer's own, those of homes that it has heard of, and those of other servers. */

import type { Libp2p, PeerId } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { AddressBook, Supervisor } from '../network/index.ts'
import { multihashOfPeer } from './lease.ts'
import type { PeerAddresses } from './wire.ts'

export interface Directory extends Pick<AddressBook, 'addressesOf'> {
  rememberAddresses(peer: PeerId, addresses: Multiaddr[]): void
  /** This peer's own. */
  own(): Multiaddr[]
  /** Homes whose addresses are known, each once. */
  homes(peers: Iterable<string>): PeerAddresses[]
  /** Some of the servers, for a peer that is new. */
  servers(): PeerAddresses[]
}

/** More than a welcome has room for. */
const MAX_SERVERS = 32

export function createDirectory(libp2p: Libp2p, supervisor: Supervisor, { addressesOf, rememberAddresses }: AddressBook): Directory {
  const self = libp2p.peerId.toString()
  return {
    addressesOf,
    rememberAddresses(peer, addresses) {
      rememberAddresses(peer.toString(), addresses)
      supervisor.rememberServer(peer, addresses)
    },
    own: () => libp2p.getMultiaddrs(),
    homes: (peers) =>
      [...new Set(peers)].flatMap((home) => {
        const addresses = home === self ? libp2p.getMultiaddrs() : addressesOf(home)
        return addresses.length === 0 ? [] : [{ peer: multihashOfPeer(home), addresses }]
      }),
    servers: () => supervisor.knownServers(MAX_SERVERS).map(({ peer, addresses }) => ({ peer: peer.toMultihash().bytes, addresses })),
  }
}
