/** Makes the peer of a tab, without the parts of a node. */

import { createPeer as createCore, type PeerOptions } from '../peer.ts'
import { checkPeer, type Peer } from './peer.ts'

/** @param options read already */
export async function createTab(options: Omit<PeerOptions, 'role'>): Promise<Peer> {
  return checkPeer(await createCore({ ...options, role: 'tab' }), options.join ?? [])
}
