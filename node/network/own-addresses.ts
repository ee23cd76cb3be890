/**
 * This node's own addresses, put together once for all who ask within a moment: libp2p looks at the machine's network interfaces and reads each
 * address anew for every identify, and for every welcome of a tab.
 */

import type { Libp2p } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'

/** A machine's interfaces may change without an event, in ms. */
const KEPT_MS = 250
/** Of libp2p, where its addresses have changed. */
const CHANGES = ['self:peer:update', 'transport:listening', 'transport:close'] as const

interface Components {
  addressManager: { getAddresses(): Multiaddr[] }
  events: Pick<Libp2p, 'addEventListener'>
}

/** @param now clock, in ms; any origin */
export function keepOwnAddresses({ addressManager, events }: Components, now: () => number = () => performance.now()): void {
  const read = addressManager.getAddresses.bind(addressManager)
  let kept: Multiaddr[] = []
  let keptUntilMs = 0
  const forget = () => {
    kept = []
  }
  for (const type of CHANGES) events.addEventListener(type, forget)
  addressManager.getAddresses = () => {
    if (kept.length === 0 || now() >= keptUntilMs) {
      kept = read()
      keptUntilMs = now() + KEPT_MS
    }
    return [...kept]
  }
}
