/** IP addresses of clients: one text form for each, which of them are this machine, and which belong to one customer. */

import { isIPv6 } from 'node:net'

const MAPPED_V4 = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i

/** `::ffff:1.2.3.4` is `1.2.3.4`; a zone (`%eth0`) is dropped; letters are small. */
export function normalizeAddress(address: string): string {
  const bare = (address.split('%')[0] ?? '').toLowerCase()
  return MAPPED_V4.exec(bare)?.[1] ?? bare
}

export function isLoopback(address: string): boolean {
  const normal = normalizeAddress(address)
  return normal === '::1' || /^127\.\d+\.\d+\.\d+$/.test(normal)
}

/** What a limit counts as one client: an IPv4 address, or the /64 that a provider gives to one customer. */
export function addressGroup(address: string): string {
  const normal = normalizeAddress(address)
  if (!isIPv6(normal)) return normal
  const [head = '', tail] = normal.split('::')
  const before = head === '' ? [] : head.split(':')
  const after = tail === undefined || tail === '' ? [] : tail.split(':')
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - before.length - after.length)
  const groups = [...before, ...Array<string>(zeros).fill('0'), ...after]
  return `${groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')}::/64`
}
