/** Addresses that travel in presence frames: this peer's own, those of homes and stock providers that it has heard of, and those of other servers. */

import type { Libp2p, PeerId } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { AddressBook, ServerRecords, Supervisor } from '../network/index.ts'
import { multihashOfPeer } from './lease.ts'
import { MAX_RECORDS_PER_WELCOME } from './wire.ts'

/** More than a welcome has room for. */
const MAX_SERVERS = 32

export type Directory = ReturnType<typeof createDirectory>

/** @param records a node's */
export function createDirectory(
  libp2p: Libp2p,
  supervisor: Supervisor,
  { addressesOf, rememberAddresses }: AddressBook,
  records: Pick<ServerRecords, 'addressesOf' | 'greet' | 'openRecord'> | undefined,
) {
  const self = libp2p.peerId.toString()

  /** Where a holder's home can be dialled, as it said itself. A stock provider told kad-dht, which keeps that in the peer store. */
  async function findAddresses(home: string): Promise<Multiaddr[]> {
    const told = home === self ? libp2p.getMultiaddrs() : addressesOf(home)
    if (told.length > 0) return told
    const signed = records?.addressesOf(home) ?? []
    if (signed.length > 0) return signed
    const known = await libp2p.peerStore.get(peerIdFromString(home)).catch(() => undefined)
    return known?.addresses.map(({ multiaddr }) => multiaddr) ?? []
  }

  return {
    addressesOf,
    findAddresses,
    rememberAddresses(peer: PeerId, addresses: Multiaddr[]) {
      rememberAddresses(peer.toString(), addresses)
      supervisor.rememberServer(peer, addresses)
    },
    /** Where homes can be dialled, as they have signed it. @throws {MayflyError} ERR_BAD_FRAME at the first that is no record */
    async takeHomes(signed: readonly Uint8Array[]) {
      for (const bytes of signed) {
        const record = await records?.openRecord(bytes)
        if (record !== undefined) rememberAddresses(record.peer.toString(), record.addresses)
      }
    },
    /** By the word of somebody else, which counts where nothing better is known. */
    rememberHome(home: string, addresses: Multiaddr[]) {
      if (addresses.length > 0 && home !== self && addressesOf(home).length === 0 && (records?.addressesOf(home).length ?? 0) === 0)
        rememberAddresses(home, addresses)
    },
    /** This peer's own. */
    own: () => libp2p.getMultiaddrs(),
    /** Homes whose addresses are known, each once. */
    async homes(peers: Iterable<string>) {
      const homes = [...new Set(peers)].map(async (home) => ({ peer: multihashOfPeer(home), addresses: await findAddresses(home) }))
      return (await Promise.all(homes)).filter(({ addresses }) => addresses.length > 0)
    },
    /** Some of the servers, for a peer that is new. */
    servers: () => supervisor.knownServers(MAX_SERVERS).map(({ peer, addresses }) => ({ peer: peer.toMultihash().bytes, addresses })),
    /** The same, signed; and for a while those that come later. @param tell called with these, until `end` is called */
    greet: (peer: string, tell?: (records: Uint8Array[]) => void) =>
      records?.greet(peer, MAX_RECORDS_PER_WELCOME, tell) ?? { records: [], end() {} },
  }
}
