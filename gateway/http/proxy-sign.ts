/**
 * Signs that a request came through a proxy: then the address of its socket is the proxy's, not the client's. gateway/README.md says which proxies
 * leave none.
 */

import type { Client } from '../types.ts'

/** Headers that proxies add, beside the `X-Forwarded-…` ones. */
const PROXY_HEADERS: ReadonlySet<string> = new Set([
  'cdn-loop',
  'cf-connecting-ip',
  'forwarded',
  'front-end-https',
  'surrogate-capability',
  'true-client-ip',
  'via',
  'x-client-ip',
  'x-cluster-client-ip',
  'x-envoy-external-address',
  'x-original-host',
  'x-real-ip',
])

/** User ids of services: the first is the system's (adduser), the second systemd's for services without an account, and `nobody`. */
const SERVICE_ACCOUNTS = [
  [1, 999],
  [61_184, 65_534],
] as const

/** The sign of a proxy in a request, in words; undefined when there is none. */
export function findProxySign({ request: { headers }, client }: { request: Pick<Request, 'headers'>; client: Client }): string | undefined {
  if (client.isTrustedProxy === true) return 'this node trusts a proxy on this machine'
  for (const name of headers.keys()) if (PROXY_HEADERS.has(name) || name.startsWith('x-forwarded-')) return `it has the header ${name}`
  // nginx asks so where it is not told otherwise, and programs of today do not.
  if (client.httpVersion === '1.0') return 'it is HTTP/1.0'
  // Proxies drop both headers of an upgrade; the configuration that nginx's manual gives for websockets sends one of them with every request.
  if (!headers.has('upgrade')) {
    if (/\bupgrade\b/i.test(headers.get('connection') ?? '')) return 'it has Connection: upgrade without Upgrade'
    if (headers.has('sec-websocket-key')) return 'it has Sec-WebSocket-Key without Upgrade'
  }
  const owner = client.owner?.()
  const isService =
    owner !== undefined && owner !== process.getuid?.() && SERVICE_ACCOUNTS.some(([first, last]) => owner >= first && owner <= last)
  return isService ? 'it is from a program under the account of a service' : undefined
}
