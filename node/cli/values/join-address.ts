/** Addresses to join the overlay at: a gateway's URL or a multiaddr. Whether anybody answers there, joining shows. */

import { MayflyError } from '../../errors.ts'

/**
 * The address as a peer takes it: a gateway's origin without a path, or the multiaddr as it was given.
 *
 * @throws {MayflyError} ERR_BAD_OPTION
 */
export function parseJoinAddress(text: string): string {
  if (text.startsWith('/')) return text
  if (!URL.canParse(text)) throw notAnAddress(text)
  const url = new URL(text)
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw notAnAddress(text)
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '') {
    throw new MayflyError('ERR_BAD_OPTION', `expected a gateway's URL without a path, such as ${url.origin}, got ${text}`)
  }
  return url.origin
}

export function isMultiaddr(address: string): boolean {
  return address.startsWith('/')
}

function notAnAddress(text: string): MayflyError {
  return new MayflyError('ERR_BAD_OPTION', `expected a gateway's URL (http://localhost:4000) or a multiaddr (/ip4/…/tcp/…/ws), got ${text}`)
}
