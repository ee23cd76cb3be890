/** Where servers and homes said that they can be dialled. Only what they said last, and of a bounded number of them. */

import type { Multiaddr } from '@multiformats/multiaddr'
import { createRecentMap } from '../async/recent-map.ts'

const MAX_PEERS = 2_048

export type AddressBook = ReturnType<typeof createAddressBook>

export function createAddressBook() {
  const book = createRecentMap<string, Multiaddr[]>({ maxEntries: MAX_PEERS, order: 'written' })
  return {
    /** None for a peer that is not known. */
    addressesOf: (peer: string) => book.peek(peer) ?? [],
    rememberAddresses: (peer: string, addresses: Multiaddr[]) => book.set(peer, addresses),
  }
}
