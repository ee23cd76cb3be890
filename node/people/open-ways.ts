/** The ways of one peer, for its people and its shares: loaded for a peer that has either. */

import type { Overlay } from '../network/index.ts'
import type { RendezvousService } from '../rendezvous/index.ts'
import { createRelayEndpoint, type RelayEndpoint } from './way/relay-endpoint.ts'
import { createWays, type WaysService } from './way/ways.ts'

export interface OpenWaysContext {
  overlay: Overlay
  presence: RendezvousService
  /** A node's, which it has for its tabs. */
  relay: RelayEndpoint | undefined
  role: 'node' | 'tab'
  random(): number
}

export type { WaysService } from './way/ways.ts'

export function openWays({ overlay, presence, relay, role, random }: OpenWaysContext): WaysService {
  return createWays({ ...overlay, role, relay: relay ?? createRelayEndpoint(overlay.libp2p), home: () => presence.home, random })
}
