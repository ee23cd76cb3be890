/** Values of settings about a server: where it listens, how people reach it, and who may use it. */

import { MayflyError } from '../../errors.ts'
import { refuseValue } from './plain-values.ts'

export function parsePort(text: string): number {
  const port = Number(text)
  if (!/^\d{1,5}$/.test(text) || port > 65_535) throw refuseValue('a port from 0 to 65535', text)
  return port
}

export function parseOrigin(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (!url || !/^https?:$/.test(url.protocol) || url.pathname !== '/' || url.search !== '' || url.hash !== '') {
    throw refuseValue('an origin such as https://pages.example', text)
  }
  return url.origin
}

/** @see https://www.rfc-editor.org/rfc/rfc6750#section-2.1 (what an Authorization header can carry) */
export function parseToken(text: string): string {
  if (!/^[A-Za-z0-9\-._~+/]+=*$/.test(text)) {
    throw new MayflyError('ERR_BAD_OPTION', 'expected letters, digits and - . _ ~ + / only') // the token itself stays untold
  }
  return text
}
