/**
 * A receiver's proof of its hashname, for its home and for the record nodes to which the home forwards it. The proof names the home, so that no
 * other peer can receive with it.
 */

import { equalBytes, sha256AtOnce } from '../../keys/index.ts'
import type { Key } from '../../types.ts'
import type { MessageSecret } from '../types.ts'
import { isProofRight, PROOF_NONCE_BYTES, signProof } from './proof.ts'
import { publicKeyOf } from './signing.ts'

/** Proves that the owner of a tap has the secret of its hashname; see proof.ts. */
export interface TapProof {
  publicKey: Uint8Array
  nonce: Uint8Array
  atMs: number
  signature: Uint8Array
}

/** How long a proof is valid, in ms: a home shows it to each new record node. Taps are proved again well before that. */
export const TAP_PROOF_MS = 86_400_000

/** @param home its peer id as a multihash */
export function signTapProof(secret: MessageSecret, home: Uint8Array, atMs: number): TapProof {
  const nonce = globalThis.crypto.getRandomValues(new Uint8Array(PROOF_NONCE_BYTES))
  return { publicKey: publicKeyOf(secret), nonce, atMs, signature: signProof(secret, { purpose: 'tap', peer: home, nonce, atMs }) }
}

export function isTapProved(end: Key, proof: TapProof, home: Uint8Array, nowMs: number): boolean {
  const { publicKey, nonce, atMs, signature } = proof
  if (!equalBytes(sha256AtOnce(publicKey), end) || !isTapProofTimely(proof, nowMs)) return false
  return isProofRight(publicKey, { purpose: 'tap', peer: home, nonce, atMs }, signature)
}

/** A proof that is not timely was valid once: it ages at an honest home, and clocks differ. So it does not count as forged. */
export function isTapProofTimely({ atMs }: Pick<TapProof, 'atMs'>, nowMs: number): boolean {
  return Math.abs(nowMs - atMs) <= TAP_PROOF_MS
}
