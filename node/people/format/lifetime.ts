/** From when to when a signed statement is good. Times are in ms since the epoch, by the network's clock. */

import { readInteger } from '../../network/fields.ts'

export interface Lifetime {
  issuedAtMs: number
  expiresAtMs: number
}

/** A statement of a peer whose clock is ahead of this one's by up to so much is not from the future, in ms. */
export const MAX_SKEW_MS = 60_000 // as for messages (ENVELOPE_DEFAULTS)

/** @throws {Error} that names what is wrong */
export function readLifetime(issued: unknown, expires: unknown, maxLifetimeMs: number): Lifetime {
  const issuedAtMs = readInteger(issued, 'time of issue')
  const expiresAtMs = readInteger(expires, 'time of expiry')
  if (expiresAtMs <= issuedAtMs || expiresAtMs - issuedAtMs > maxLifetimeMs)
    throw new Error(`a lifetime of 1 to ${maxLifetimeMs} ms was expected`)
  return { issuedAtMs, expiresAtMs }
}

/** 'early': its issuer's clock is ahead, or this one is behind. @param times by which it is judged: one that is right is enough (`Clock.times`) */
export function judgeLifetime({ issuedAtMs, expiresAtMs }: Lifetime, times: readonly number[]): 'good' | 'early' | 'expired' {
  if (times.some((now) => issuedAtMs <= now + MAX_SKEW_MS && now < expiresAtMs)) return 'good'
  return times.some((now) => now < expiresAtMs) ? 'early' : 'expired'
}
