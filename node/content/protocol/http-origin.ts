/** Where a connected node's gateway is: the overlay shares its port. */

import type { Connection } from '@libp2p/interface'
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import { multiaddrToUri } from '@multiformats/multiaddr-to-uri'

/**
 * The origin of the node's HTTP, such as `http://192.0.2.1:4000`; undefined for who has none. Where this peer dialled, that address; else
 * one that the node announces at the host which it is connected from, so that nobody can send others to a third party.
 *
 * @param announced multiaddrs
 */
export function httpOriginOf(connection: Pick<Connection, 'direction' | 'remoteAddr'>, announced: readonly string[]): string | undefined {
  if (connection.direction === 'outbound') return originOf(connection.remoteAddr)
  const host = hostOf(connection.remoteAddr)
  const near = announced.map(parse).find((address) => address !== undefined && host !== undefined && hostOf(address) === host)
  return near && originOf(near)
}

/** What others announce may be anything. */
function parse(text: string): Multiaddr | undefined {
  try {
    return multiaddr(text)
  } catch {
    return undefined
  }
}

function originOf(address: Multiaddr): string | undefined {
  const components = address.getComponents()
  if (components.some(({ name }) => name === 'p2p-circuit' || name.startsWith('webrtc'))) return undefined
  const url = new URL(multiaddrToUri(address.decapsulateCode(P2P)))
  if (url.protocol !== 'ws:' && url.protocol !== 'wss:') return undefined
  return `${url.protocol === 'ws:' ? 'http:' : 'https:'}//${url.host}`
}

/** The code of `/p2p/` in a multiaddr. @see https://github.com/multiformats/multiaddr/blob/master/protocols.csv */
const P2P = 421

function hostOf(address: Multiaddr): string | undefined {
  const [first] = address.getComponents()
  return first === undefined || !HOSTS.has(first.name) ? undefined : first.value
}

const HOSTS: ReadonlySet<string> = new Set(['ip4', 'ip6', 'dns', 'dns4', 'dns6'])
