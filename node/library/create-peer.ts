/** Makes a peer of either role, for Node.js. */

import { NODE_PARTS } from '../node-parts.ts'
import { createPeer as createCore } from '../peer.ts'
import type { ModuleTypes } from '../people/types.ts'
import { checkPeer, type Peer, type PeerOptions } from './peer.ts'
import { readPeerOptions } from './peer-options.ts'

/**
 * Creates a peer. Call `start()` on it.
 *
 * @throws {MayflyError} ERR_BAD_OPTION
 */
export async function createPeer<Modules extends ModuleTypes = ModuleTypes>(options?: PeerOptions): Promise<Peer<Modules>> {
  const read = readPeerOptions(options, 'createPeer')
  return checkPeer(await createCore(read, NODE_PARTS), read.join ?? [])
}
