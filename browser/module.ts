/**
 * `mayfly/browser` as one module, which every gateway serves at `/lib/mayfly.js`, so that a page of any origin imports it from there. Beside the
 * library it has WebRTC, loaded when it is needed, and knows a gateway: the one that served it.
 */

import type { ModuleTypes, Peer } from '../node/index.ts'
import { preloadTab } from '../node/library/create-tab.ts'
import { createPeer as createLibraryPeer, type TabPeerOptions } from './library.ts'
import { readGatewayStatus } from './peer/gateway-status.ts'
import { createIceServers } from './peer/ice-servers.ts'
import { loadWebRTC } from './peer/web-rtc.ts'

export * from './library.ts'

export interface ModulePeerOptions extends Omit<TabPeerOptions, 'gateway' | 'webRTC'> {
  /** URLs of gateways to join through, one or more. The one that served this module when left out. */
  gateway?: TabPeerOptions['gateway']
  /** False for a peer without direct connections, which saves loading them. When left out, the browser's own, with the gateway's TURN servers. */
  webRTC?: TabPeerOptions['webRTC'] | false
}

/**
 * Creates the peer of this page. Call `start()` on it.
 *
 * @throws {MayflyError} ERR_BAD_OPTION
 */
export async function createPeer<Modules extends ModuleTypes = ModuleTypes>(options: ModulePeerOptions = {}): Promise<Peer<Modules>> {
  const { gateway = new URL(import.meta.url).origin, webRTC: chosen, ...rest } = options
  const ownWebRTC = chosen === undefined && usesDirect(rest)
  preloadTab({ ...rest, hasWebRTC: ownWebRTC, join: [gateway].flat().map(String) })
  const webRTC = ownWebRTC ? await loadWebRTC(createIceServers([gateway].flat().map(String), readGatewayStatus)) : chosen || undefined
  return createLibraryPeer<Modules>({ ...rest, gateway, ...(webRTC && { webRTC }) })
}

/** Content and people go from tab to tab; messages and presence do not. */
function usesDirect({ content, people }: Pick<ModulePeerOptions, 'content' | 'people'>): boolean {
  return content !== false || Boolean(people)
}
