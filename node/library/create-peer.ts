/** Makes a peer of either role, for Node.js. */

import { NODE_PARTS } from '../node-parts.ts'
import { createPeer as createCore } from '../peer.ts'
import type { ModuleTypes } from '../people/types.ts'
import { readPeerOptions } from './node-options.ts'
import { checkPeer, loadChecks, type Peer, type PeerOptions } from './peer.ts'

/**
 * Creates a peer. Call `start()` on it.
 *
 * @throws {MayflyError} ERR_BAD_OPTION
 */
export async function createPeer<Modules extends ModuleTypes = ModuleTypes>(options?: PeerOptions): Promise<Peer<Modules>> {
  const read = readPeerOptions(options, 'createPeer')
  const [peer, checks] = await Promise.all([createCore(read, NODE_PARTS), loadChecks(read)])
  return checkPeer(peer, read.join ?? [], checks)
}
