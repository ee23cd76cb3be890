/**
 * STUN and TURN servers as an operator writes them, one line each: a STUN or TURN URI, for TURN with user and password before the host, as in
 * other URLs. The gateway sends them to pages in the form that browsers take.
 *
 * @see https://www.rfc-editor.org/rfc/rfc7064 (stun:)
 * @see https://www.rfc-editor.org/rfc/rfc7065 (turn:)
 */

import { MayflyError } from '../../errors.ts'
import type { IceServer } from '../../index.ts'

const HOST = String.raw`(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+)(?::\d{1,5})?`
const STUN = new RegExp(`^stuns?:${HOST}$`)
const TURN = new RegExp(String.raw`^(turns?:)([^:@\s]+):([^:@\s]+)@(${HOST}(?:\?transport=(?:udp|tcp))?)$`)

/** @throws {MayflyError} ERR_BAD_OPTION */
export function parseIceServer(text: string): IceServer {
  if (STUN.test(text)) return { urls: text }
  const [, scheme, user, password, host] = TURN.exec(text) ?? []
  if (scheme === undefined || user === undefined || password === undefined || host === undefined) {
    // The text may contain a password, so it is not repeated.
    throw new MayflyError('ERR_BAD_OPTION', 'expected stun:host:port or turn:user:password@host:port?transport=udp')
  }
  return { urls: scheme + host, username: decoded(user), credential: decoded(password) }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw new MayflyError('ERR_BAD_OPTION', 'expected user and password with % and the like encoded, as in a URL')
  }
}
