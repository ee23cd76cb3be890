/** Values of settings about a server: where it listens, how people reach it, and who may use it. */

import { isIPv6 } from 'node:net'
import { type NetworkInterfaceInfo, networkInterfaces } from 'node:os'
import { MayflyError } from '../../errors.ts'
import { refuseValue } from './plain-values.ts'

export function parsePort(text: string): number {
  const port = Number(text)
  if (!/^\d{1,5}$/.test(text) || port > 65_535) throw refuseValue('a port from 0 to 65535', text)
  return port
}

export function parseOrigin(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (!url || !/^https?:$/.test(url.protocol) || !isBareOrigin(url)) throw refuseValue('an origin such as https://pages.example', text)
  return url.origin
}

/**
 * The origin of pages as browsers send it: also `null`, of pages without one (a file, a sandbox), those of an extension, and `*` for all.
 *
 * @throws {MayflyError} ERR_BAD_OPTION
 */
export function parsePageOrigin(text: string): string {
  if (text === '*' || text === 'null' || /^[a-z][a-z0-9+.-]*-extension:\/\/[\w-]+$/.test(text)) return text
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (!url || !/^https?:$/.test(url.protocol) || url.host.includes('*'))
    throw refuseValue('an origin such as https://app.example, or null, or *', text)
  if (!isBareOrigin(url) || url.username !== '') throw refuseValue(`an origin without a path, such as ${url.origin}`, text)
  return url.origin
}

/** @see https://www.rfc-editor.org/rfc/rfc6750#section-2.1 (what an Authorization header can carry) */
export function parseToken(text: string): string {
  if (!/^[A-Za-z0-9\-._~+/]+=*$/.test(text)) {
    throw new MayflyError('ERR_BAD_OPTION', 'expected letters, digits and - . _ ~ + / only') // the token itself stays untold
  }
  return text
}

/**
 * The address as a peer takes it: a gateway's origin without a path, or the multiaddr as it was given.
 *
 * @throws {MayflyError} ERR_BAD_OPTION
 */
export function parseJoinAddress(text: string): string {
  if (text.startsWith('/')) return text
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (!url || !/^https?:$/.test(url.protocol)) {
    throw new MayflyError(
      'ERR_BAD_OPTION',
      `expected a gateway's URL (http://localhost:4000) or a multiaddr (/ip4/…/tcp/…/ws), got ${text}`,
    )
  }
  if (!isBareOrigin(url)) {
    throw new MayflyError('ERR_BAD_OPTION', `expected a gateway's URL without a path, such as ${url.origin}, got ${text}`)
  }
  return url.origin
}

/** @throws {MayflyError} ERR_NO_NETWORK: the configuration joins nobody */
export function requireJoinAddress(join: readonly string[]): void {
  if (join.length === 0)
    throw new MayflyError('ERR_NO_NETWORK', 'There is nobody to ask, since "join" is empty: name a gateway with --join URL')
}

function isBareOrigin({ pathname, search, hash }: URL): boolean {
  return pathname === '/' && search === '' && hash === ''
}

/** Of a websocket by itself: the forms in which nodes announce theirs. */
const WEBSOCKET_FORM = /^\/(?:ip4|(ip6)|dns[46]?)\/([\w.:-]+)\/tcp\/(\d+)\/(?:ws|(wss|tls\/ws))(?:\/p2p\/[^/]+)?$/

/**
 * The gateway's origin at an address to join: a URL, or the multiaddr of a websocket, which has the same port. Undefined for any other multiaddr. Reads
 * the text alone: the libraries that read every multiaddr take longer to load than a short command takes.
 */
export function plainOriginOf(address: string): string | undefined {
  if (!isMultiaddr(address)) return address
  const [, isIpv6, host = '', port = '', isSecure] = WEBSOCKET_FORM.exec(address) ?? []
  const url = `${isSecure ? 'https' : 'http'}://${isIpv6 ? `[${host}]` : host}:${port}`
  return host !== '' && URL.canParse(url) ? new URL(url).origin : undefined
}

export function isMultiaddr(address: string): boolean {
  return address.startsWith('/')
}

/** The URL of a gateway that listens on this host. `localhost` where that is this machine: browsers trust it as they trust https. */
export function urlOf(host: string, port: number): string {
  const isHere = ['127.0.0.1', '0.0.0.0', '::', '::1', 'localhost'].includes(host)
  const name = isHere ? 'localhost' : isIPv6(host) ? `[${host}]` : host
  return `http://${name}:${port}`
}

/** Every address of this machine. */
const WILDCARDS: ReadonlySet<string> = new Set(['0.0.0.0', '::'])
/** Networks that this machine makes for its own containers and virtual machines: nobody else is there. */
const VIRTUAL = /^(?:docker|br-|veth|virbr|vmnet|lxc|podman|cni)/

/**
 * The URLs at which other machines reach a gateway that listens on every address of this one; none for one that listens on a single address. The
 * networks of this machine's own containers come last, and addresses that lead nowhere without a name of the interface are left out.
 */
export function urlsForOthers(host: string, port: number, interfaces: NodeJS.Dict<NetworkInterfaceInfo[]> = networkInterfaces()): string[] {
  if (!WILDCARDS.has(host)) return []
  const found = Object.entries(interfaces).flatMap(([name, infos = []]) =>
    infos
      .filter(({ internal, family, scopeid }) => !internal && (family === 'IPv4' || (host === '::' && scopeid === 0)))
      .map(({ family, address }) => ({ address, rank: (VIRTUAL.test(name) ? 2 : 0) + (family === 'IPv4' ? 0 : 1) })),
  )
  return found.toSorted((a, b) => a.rank - b.rank).map(({ address }) => urlOf(address, port))
}
