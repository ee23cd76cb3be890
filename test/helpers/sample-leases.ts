/** Leases of seeded peers. */

import type { PeerId } from '@libp2p/interface'
import { type Lease, signLease } from '../../node/rendezvous/lease.ts'
import type { SeededPeer } from './seeded-peer.ts'

/** The key of a sample lease. */
export const SAMPLE_KEY = new Uint8Array(32).fill(1)

/** @param at its home */
export function leaseOf(
  holder: SeededPeer,
  at: PeerId,
  key: Uint8Array = SAMPLE_KEY,
  { issuedAtMs = Date.now(), lifetimeMs = 60_000 } = {},
): Promise<Lease> {
  return signLease(holder.peer, holder.privateKey, { key, home: at, issuedAtMs, expiresAtMs: issuedAtMs + lifetimeMs })
}

/** The refusals of a `held`: the place of each lease, and the reason. */
export const reasons = (held: { refused: { index: number; reason: string }[] }) => held.refused.map(({ index, reason }) => [index, reason])
