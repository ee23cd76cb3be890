/** Makes a peer of either role, for Node.js. */

import { sparedSockets } from '../network/index.ts'
import { NODE_PARTS } from '../node-parts.ts'
import { createPeer as createCore } from '../peer.ts'
import type { ModuleTypes } from '../people/types.ts'
import { readPeerOptions } from './node-options.ts'
import { checkPeer, loadChecks, type Peer, type PeerOptions } from './peer.ts'

/** A tab hears nobody. */
const DIALLING = { transport: sparedSockets, listen: [] }

/**
 * Creates a peer. Call `start()` on it.
 *
 * @throws {MayflyError} ERR_BAD_OPTION
 */
export async function createPeer<Modules extends ModuleTypes = ModuleTypes>(options?: PeerOptions): Promise<Peer<Modules>> {
  const read = readPeerOptions(options, 'createPeer')
  const dialling = read.role === 'node' ? {} : { listener: DIALLING }
  const [peer, checks] = await Promise.all([createCore({ ...dialling, ...read }, NODE_PARTS), loadChecks(read)])
  return checkPeer(peer, read.join ?? [], checks)
}
