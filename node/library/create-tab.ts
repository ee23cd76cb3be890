/** Makes the peer of a tab, without the parts of a node. */

import { createPeer as createCore, type PeerOptions } from '../peer.ts'
import type { ModuleTypes } from '../people/types.ts'
import { checkPeer, type Peer } from './peer.ts'

/** @param options read already */
export async function createTab<Modules extends ModuleTypes>(options: Omit<PeerOptions, 'role'>): Promise<Peer<Modules>> {
  return checkPeer(await createCore({ ...options, role: 'tab' }), options.join ?? [])
}
