/**
 * STUN and TURN servers as a tab takes them. A TURN server relays for whoever has a name and a password, and whoever reads the status gets
 * them: so each tab has a password of its own, which is good for an hour. The server checks it by a secret that it shares with this gateway.
 *
 * @see https://datatracker.ietf.org/doc/html/draft-uberti-behave-turn-rest-00#section-2.2 (coturn: use-auth-secret)
 */

import { createHmac, randomBytes } from 'node:crypto'
import type { IceServer } from '../../node/index.ts'
import type { GatewaySettings } from '../types.ts'

/** How long a password is good for, in seconds. A tab uses one for two minutes, and a connection outlives its password. */
export const TURN_LIFETIME_S = 3_600

/** The servers for one tab. @param nowMs by this machine's clock, with which the TURN server's agrees */
export function iceServersOf({ iceServers = [], turnSecret }: GatewaySettings, nowMs = Date.now()): IceServer[] {
  if (turnSecret === undefined) return iceServers.filter((uri) => !isTurn(uri)).map((urls) => ({ urls }))
  const username = `${Math.floor(nowMs / 1_000) + TURN_LIFETIME_S}:${randomBytes(9).toString('base64url')}`
  const credential = createHmac('sha1', turnSecret).update(username).digest('base64')
  return iceServers.map((urls) => (isTurn(urls) ? { urls, username, credential } : { urls }))
}

function isTurn(uri: string): boolean {
  return /^turns?:/.test(uri)
}
