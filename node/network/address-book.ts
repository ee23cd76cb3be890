/** Where servers and homes said that they can be dialled. Only what they said last, and of a bounded number of them. */

import type { Multiaddr } from '@multiformats/multiaddr'
import { createRecentMap } from '../async/recent-map.ts'

export interface AddressBook {
  /** None for a peer that is not known. */
  addressesOf(peer: string): Multiaddr[]
  rememberAddresses(peer: string, addresses: Multiaddr[]): void
}

const MAX_PEERS = 2_048

export function createAddressBook(maxPeers = MAX_PEERS): AddressBook {
  const book = createRecentMap<string, Multiaddr[]>({ maxEntries: maxPeers, order: 'written' })
  return {
    addressesOf: (peer) => book.peek(peer) ?? [],
    rememberAddresses: (peer, addresses) => book.set(peer, addresses),
  }
}
