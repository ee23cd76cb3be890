/** Where others reach a node: the URL to show, and the multiaddr of its overlay when a reverse proxy stands in front. */

import { isIPv4, isIPv6 } from 'node:net'

/** The URL of a gateway that listens here. `localhost` where this machine can be meant: browsers trust it as they trust https. */
export function urlOf(host: string, port: number): string {
  const isHere = ['127.0.0.1', '0.0.0.0', '::', '::1', 'localhost'].includes(host)
  const name = isHere ? 'localhost' : isIPv6(host) ? `[${host}]` : host
  return `http://${name}:${port}`
}

/**
 * The overlay's websocket at a public origin: gateway and overlay share its port.
 *
 * @see https://github.com/multiformats/multiaddr/blob/master/protocols.csv
 */
export function publicMultiaddr(origin: string): string {
  const { protocol, hostname, port } = new URL(origin)
  const isSecure = protocol === 'https:'
  const host = hostname.replace(/^\[|\]$/g, '')
  const family = isIPv4(host) ? 'ip4' : isIPv6(host) ? 'ip6' : 'dns'
  return `/${family}/${host}/tcp/${port || (isSecure ? 443 : 80)}/${isSecure ? 'tls/ws' : 'ws'}`
}
