/** The gateway of a connected node, which shares its port with the overlay. */

import type { Connection } from '@libp2p/interface'
import { hostOfMultiaddr, originOfMultiaddr, parseMultiaddr } from '../../network/index.ts'

/**
 * The origin of the node's HTTP, such as `http://192.0.2.1:4000`; undefined for a peer that has none. It is the address that this peer has
 * dialled; or else one that the node announces at the host it has connected from, so that no node can send others to a third party.
 *
 * @param announced multiaddrs
 */
export function httpOriginOf(connection: Pick<Connection, 'direction' | 'remoteAddr'>, announced: readonly string[]): string | undefined {
  if (connection.direction === 'outbound') return originOfMultiaddr(connection.remoteAddr)
  const host = hostOfMultiaddr(connection.remoteAddr)
  const near = announced
    .map(parseMultiaddr)
    .find((address) => address !== undefined && host !== undefined && hostOfMultiaddr(address) === host)
  return near && originOfMultiaddr(near)
}
