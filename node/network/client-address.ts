/** IP addresses of clients: read in every form that sockets and proxies write, and grouped by customer for limits per client. */

export interface ClientAddress {
  /** The canonical text form: IPv4 in dots, IPv6 in lower case and shortened, without zone or port. */
  readonly ip: string
  /** The key of limits per client: an IPv4 address, or the /64 that a provider assigns to one customer. */
  readonly group: string
  /** True for this machine, which is exempt from some limits per client: a proxy on it speaks for many. */
  readonly isLocal: boolean
}

/** The address of a client that closed its socket already, or of a request that came from no socket. */
export const UNKNOWN_CLIENT: ClientAddress = { ip: '', group: '', isLocal: false }

const OCTET = '(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)'
/** IPv4, as such or mapped into IPv6, with or without a port. */
const IPV4 = new RegExp(`^(?:::ffff:)?(${OCTET}(?:\\.${OCTET}){3})(?::\\d{1,5})?$`, 'i')
/** IPv6 in brackets, with or without a port. */
const BRACKETED = /^\[([^\]]*)\](?::\d{1,5})?$/
const ZONE = /%.*$/
const IPV6_CHARACTERS = /^[0-9a-f]*:[0-9a-f:.]*$/i
/** IPv4 mapped into IPv6, as the URL parser writes it. */
const MAPPED = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/
const NETWORK_GROUPS = 4

/** Reads `203.0.113.7`, `203.0.113.7:4711`, `2001:db8::1`, `[2001:db8::1]:80`, `::ffff:203.0.113.7` or `fe80::1%eth0`; undefined for any other text. */
export function parseClientAddress(text: string): ClientAddress | undefined {
  const bare = (BRACKETED.exec(text)?.[1] ?? text).replace(ZONE, '')
  const ipv4 = IPV4.exec(bare)?.[1]
  if (ipv4 !== undefined) return ipv4Address(ipv4)
  if (!IPV6_CHARACTERS.test(bare) || !URL.canParse(`http://[${bare}]`)) return undefined
  const ip = new URL(`http://[${bare}]`).hostname.slice(1, -1)
  const mapped = MAPPED.exec(ip)
  if (mapped !== null) return ipv4Address([mapped[1], mapped[2]].flatMap((pair) => bytesOf(Number.parseInt(pair ?? '', 16))).join('.'))
  return { ip, group: `${networkOf(ip)}::/64`, isLocal: ip === '::1' }
}

/**
 * The client that a proxy names in X-Forwarded-For: the last entry, which the proxy wrote itself. Undefined when that is no address
 * (`unknown`, for instance).
 */
export function parseForwardedFor(header: string): ClientAddress | undefined {
  return parseClientAddress(header.slice(header.lastIndexOf(',') + 1).trim())
}

function ipv4Address(ip: string): ClientAddress {
  return { ip, group: ip, isLocal: ip.startsWith('127.') }
}

function bytesOf(pair: number): [number, number] {
  return [pair >> 8, pair & 0xff]
}

/** The first 64 bits of a canonical IPv6 address. */
function networkOf(ip: string): string {
  const [head = '', tail = ''] = ip.split('::')
  const before = head === '' ? [] : head.split(':')
  const after = tail === '' ? [] : tail.split(':')
  const zeros = Array<string>(8 - before.length - after.length).fill('0')
  return [...before, ...zeros, ...after].slice(0, NETWORK_GROUPS).join(':')
}
