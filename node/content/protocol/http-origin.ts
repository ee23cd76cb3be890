/** Where a connected node's gateway is: the overlay shares its port. */

import type { Connection } from '@libp2p/interface'
import { hostOfMultiaddr, originOfMultiaddr, parseMultiaddr } from '../../network/index.ts'

/**
 * The origin of the node's HTTP, such as `http://192.0.2.1:4000`; undefined for who has none. Where this peer dialled, that address; else
 * one that the node announces at the host which it is connected from, so that nobody can send others to a third party.
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
