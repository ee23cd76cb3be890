/** Makes the peer of a tab, without the parts of a node. */

import { createPeer as createCore, type PeerOptions, type PreloadOptions, preloadTab as preloadCore } from '../peer.ts'
import type { ModuleTypes } from '../people/types.ts'
import { checkPeer, loadChecks, type Peer } from './peer.ts'

/** See `preloadTab` of the core; with it come the checks of what is handed to these parts. */
export function preloadTab(options: PreloadOptions): void {
  preloadCore(options)
  loadChecks(options).catch(() => {}) // it fails again where it is used
}

/** @param options read already */
export async function createTab<Modules extends ModuleTypes>(options: Omit<PeerOptions, 'role'>): Promise<Peer<Modules>> {
  preloadTab({ ...options, hasWebRTC: options.webRTC !== undefined })
  const [peer, checks] = await Promise.all([createCore({ ...options, role: 'tab' }), loadChecks(options)])
  return checkPeer(peer, options.join ?? [], checks)
}
