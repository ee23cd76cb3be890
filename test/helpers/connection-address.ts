/** The remote addresses of the three kinds of connection that a peer can have, for tests that stand in for libp2p's list of them. */

import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import type { ConnectionKind } from '../../node/network/index.ts'

export function addressOfKind(kind: ConnectionKind): Multiaddr {
  if (kind === 'socket') return multiaddr('/ip4/192.0.2.7/tcp/4000/ws')
  const circuit = `/ip4/192.0.2.7/tcp/4000/ws/p2p-circuit`
  return multiaddr(kind === 'relayed' ? circuit : `${circuit}/webrtc`)
}
