/** Leases without signatures: their bytes are a number, and who wrote it is believed. A million real ones take minutes to sign and check. */

import type { Lease, LeaseCodec, LeaseTerms } from '../../node/rendezvous/lease.ts'

export type VirtualLeases = ReturnType<typeof createVirtualLeases>

export function createVirtualLeases() {
  const written = new WeakMap<Uint8Array, Lease>()
  let count = 0
  const codec: LeaseCodec = {
    decode(bytes) {
      const lease = written.get(bytes)
      if (lease === undefined) throw new Error('a lease that nobody has signed')
      return lease
    },
    isSigned: async () => true,
  }
  return {
    codec,
    sign(holder: string, { key, home, issuedAtMs, expiresAtMs }: LeaseTerms<{ toString(): string }>): Lease {
      const bytes = new Uint8Array(Float64Array.of(count++).buffer)
      const lease = { key, holder, home: home.toString(), issuedAtMs, expiresAtMs, bytes }
      written.set(bytes, lease)
      return lease
    },
  }
}
