/** The three ways in which two peers are connected, told apart by address: what each may be used for is for others to say. */

import type { Connection } from '@libp2p/interface'

/**
 * 'socket': the websocket of a node, on which everything rests. 'direct': WebRTC between two tabs, for content alone. 'relayed': a
 * short, small circuit through a node, for signalling alone.
 */
export type ConnectionKind = 'socket' | 'direct' | 'relayed'

export function connectionKind({ remoteAddr, limits }: Pick<Connection, 'remoteAddr' | 'limits'>): ConnectionKind {
  const names = remoteAddr.getComponents().map(({ name }) => name)
  if (names.includes('webrtc')) return 'direct'
  return limits !== undefined || names.includes('p2p-circuit') ? 'relayed' : 'socket'
}
