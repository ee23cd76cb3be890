/** The addresses at which a tab can be dialled directly: through a circuit of its home, to begin with. */

import type { PeerId } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import { WebSockets, WebSocketsSecure } from '@multiformats/multiaddr-matcher'

/** The peer to be dialled, its home, and the home's addresses, in their text forms. */
export interface DirectTarget {
  peer: string
  home: string
  addresses: string[]
}

/**
 * None when the holder is a node, or its home cannot be dialled from here.
 *
 * @param context one's own home, to which there is a connection already, and whether the page was served over https, which may not open ws://
 */
export function directAddresses(
  { peer, home, addresses }: DirectTarget,
  context: { home: string | undefined; isSecurePage: boolean },
): string[] {
  if (peer === home) return []
  const end = `/p2p/${home}/p2p-circuit/webrtc/p2p/${peer}`
  if (context.home === home) return [end]
  return addresses.flatMap((text) => {
    const address = socketAddress(text)
    if (address === undefined || (context.isSecurePage && !WebSocketsSecure.exactMatch(address))) return []
    return [address.toString() + end]
  })
}

/** The node through which such an address leads. */
export function relayOfAddress(address: Multiaddr): PeerId | undefined {
  const id = address.getComponents().find(({ name }) => name === 'p2p')?.value
  return id === undefined ? undefined : peerIdFromString(id)
}

/** The address without its peer id; undefined when no tab can dial it. It comes from other peers, so it may be anything. */
function socketAddress(text: string): Multiaddr | undefined {
  try {
    const address = multiaddr(
      multiaddr(text)
        .getComponents()
        .filter(({ name }) => name !== 'p2p'),
    )
    return WebSockets.exactMatch(address) || WebSocketsSecure.exactMatch(address) ? address : undefined
  } catch {
    return undefined
  }
}
