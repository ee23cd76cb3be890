/** The URL at which people reach a gateway. */

import { isIPv6 } from 'node:net'

/** The URL of a gateway that listens on this host. `localhost` where that is this machine: browsers trust it as they trust https. */
export function urlOf(host: string, port: number): string {
  const isHere = ['127.0.0.1', '0.0.0.0', '::', '::1', 'localhost'].includes(host)
  const name = isHere ? 'localhost' : isIPv6(host) ? `[${host}]` : host
  return `http://${name}:${port}`
}
