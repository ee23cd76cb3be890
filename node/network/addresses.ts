/** Addresses in their two forms, URL and multiaddr, and the peer id at a multiaddr's end. Pure: nothing is looked up or dialled. */

import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import { multiaddrToUri } from '@multiformats/multiaddr-to-uri'

/** The code of `/p2p/` in a multiaddr. @see https://github.com/multiformats/multiaddr/blob/master/protocols.csv */
const P2P = 421

const HOSTS: ReadonlySet<string> = new Set(['ip4', 'ip6', 'dns', 'dns4', 'dns6'])

/** For what other peers say, which may be anything; in text or in bytes. */
export function parseMultiaddr(text: string | Uint8Array): Multiaddr | undefined {
  try {
    return multiaddr(text)
  } catch {
    return undefined
  }
}

/** The peer that answers at the address: the last of its peer ids. */
export function peerIdIn(address: Multiaddr): string | undefined {
  return address.getComponents().findLast(({ name }) => name === 'p2p')?.value
}

/** The address with the peer's id behind it, which an address may lack. */
export function withPeerId(address: Multiaddr, peer: string): Multiaddr {
  return peerIdIn(address) === undefined ? address.encapsulate(`/p2p/${peer}`) : address
}

/** The address without a peer id: of whoever answers there. */
export function withoutPeerId(address: Multiaddr): Multiaddr {
  return address.decapsulateCode(P2P)
}

/** The websocket of the overlay at a gateway's URL: both share one port. */
export function multiaddrOfUrl({ protocol, port, hostname }: URL): Multiaddr {
  const isSecure = protocol === 'https:'
  const host = hostname.replace(/^\[|\]$/g, '')
  const family = host.includes(':') ? 'ip6' : /^[\d.]+$/.test(host) ? 'ip4' : 'dns'
  return multiaddr(`/${family}/${host}/tcp/${port || (isSecure ? 443 : 80)}/${isSecure ? 'tls/ws' : 'ws'}`)
}

/** The gateway's origin at a websocket of the overlay, such as `http://192.0.2.1:4000`; undefined for any other multiaddr. */
export function originOfMultiaddr(address: Multiaddr): string | undefined {
  if (address.getComponents().some(({ name }) => name === 'p2p-circuit' || name.startsWith('webrtc'))) return undefined
  try {
    const { protocol, host } = new URL(multiaddrToUri(address.decapsulateCode(P2P)))
    if (protocol !== 'ws:' && protocol !== 'wss:') return undefined
    return `${protocol === 'ws:' ? 'http:' : 'https:'}//${host}`
  } catch {
    return undefined
  }
}

/** The IP address or name in front; undefined for an address that begins otherwise. */
export function hostOfMultiaddr(address: Multiaddr): string | undefined {
  const [first] = address.getComponents()
  return first === undefined || !HOSTS.has(first.name) ? undefined : first.value
}

/** The gateway's origin at an address that somebody typed: a gateway's URL, or a multiaddr. */
export function originOfAddress(address: string): string | undefined {
  if (!address.startsWith('/')) return URL.canParse(address) ? new URL(address).origin : undefined
  const parsed = parseMultiaddr(address)
  return parsed && originOfMultiaddr(parsed)
}
