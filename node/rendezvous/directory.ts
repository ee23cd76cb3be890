/** Addresses that a peer has heard of: those of homes, of stock providers, and of other servers. */

import type { Libp2p, PeerId } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { AddressBook, ServerRecords, Supervisor } from '../network/index.ts'

export type Directory = ReturnType<typeof createDirectory>

/** @param records a node's */
export function createDirectory(
  libp2p: Libp2p,
  supervisor: Supervisor,
  { addressesOf, rememberAddresses }: AddressBook,
  records: Pick<ServerRecords, 'addressesOf'> | undefined,
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
    rememberSigned: rememberAddresses,
  }
}
