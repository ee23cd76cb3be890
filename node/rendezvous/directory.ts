/** Addresses that travel in presence frames: this peer's own, those of homes that it has heard of, and those of other servers. */

import type { Libp2p, PeerId } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { AddressBook, Supervisor } from '../network/index.ts'
import { multihashOfPeer } from './lease.ts'

/** More than a welcome has room for. */
const MAX_SERVERS = 32

export type Directory = ReturnType<typeof createDirectory>

export function createDirectory(libp2p: Libp2p, supervisor: Supervisor, { addressesOf, rememberAddresses }: AddressBook) {
  const self = libp2p.peerId.toString()
  return {
    addressesOf,
    rememberAddresses(peer: PeerId, addresses: Multiaddr[]) {
      rememberAddresses(peer.toString(), addresses)
      supervisor.rememberServer(peer, addresses)
    },
    /** This peer's own. */
    own: () => libp2p.getMultiaddrs(),
    /** Homes whose addresses are known, each once. */
    homes: (peers: Iterable<string>) =>
      [...new Set(peers)].flatMap((home) => {
        const addresses = home === self ? libp2p.getMultiaddrs() : addressesOf(home)
        return addresses.length === 0 ? [] : [{ peer: multihashOfPeer(home), addresses }]
      }),
    /** Some of the servers, for a peer that is new. */
    servers: () => supervisor.knownServers(MAX_SERVERS).map(({ peer, addresses }) => ({ peer: peer.toMultihash().bytes, addresses })),
  }
}
