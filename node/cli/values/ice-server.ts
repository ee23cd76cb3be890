/**
 * STUN and TURN servers as an operator writes them: a STUN or TURN URI each, without a password. The gateway gives each tab one of its own.
 *
 * @see https://www.rfc-editor.org/rfc/rfc7064 (stun:)
 * @see https://www.rfc-editor.org/rfc/rfc7065 (turn:)
 */

import { MayflyError } from '../../errors.ts'

const HOST = String.raw`(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+)(?::\d{1,5})?`
const STUN = new RegExp(`^stuns?:${HOST}$`)
const TURN = new RegExp(String.raw`^turns?:${HOST}(?:\?transport=(?:udp|tcp))?$`)

/**
 * @returns the URI
 * @throws {MayflyError} ERR_BAD_OPTION
 */
export function parseIceServer(text: string): string {
  if (STUN.test(text) || TURN.test(text)) return text
  // The text may contain a password, so it is not repeated.
  if (/^turns?:.*@/.test(text)) {
    throw new MayflyError(
      'ERR_BAD_OPTION',
      'a password here would be told to every visitor. Write turn:host:port, and give the secret that the TURN server shares with this node ' +
        'by --turn-secret (coturn: use-auth-secret): each tab then has a password of its own, for an hour',
    )
  }
  throw new MayflyError('ERR_BAD_OPTION', 'expected stun:host:port, or turn:host:port?transport=udp')
}

/**
 * Checks that TURN servers and their secret are there together.
 *
 * @throws {MayflyError} ERR_BAD_OPTION
 */
export function checkTurn({ iceServer, turnSecret }: { iceServer: readonly string[]; turnSecret: string | undefined }): void {
  const hasTurn = iceServer.some((uri) => TURN.test(uri))
  if (hasTurn && turnSecret === undefined) {
    throw new MayflyError('ERR_BAD_OPTION', 'A TURN server in --ice-server needs --turn-secret: the secret that it shares with this node')
  }
  if (!hasTurn && turnSecret !== undefined) {
    throw new MayflyError('ERR_BAD_OPTION', '--turn-secret needs a TURN server: --ice-server turn:host:port')
  }
}
