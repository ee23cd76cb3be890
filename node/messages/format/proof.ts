/**
 * Proofs: a receiver's signature over the asking peer, the purpose and a nonce, which proves that it has its key. The asking peer checks nonce
 * and time itself.
 */

import { encodeCanonical } from '../../keys/canonical.ts'
import { equalBytes, sha256AtOnce } from '../../keys/index.ts'
import { signedBytes } from '../../keys/signed.ts'
import { isSigned, publicKeyOf, signBytes } from '../../keys/signing.ts'
import type { Key } from '../../types.ts'
import type { MessageSecret } from '../types.ts'

export interface ProofTerms {
  /** 'tap': to receive at that peer. 'card': to state the public key of a hashname. */
  purpose: 'tap' | 'card'
  /** Multihash of the asking peer, which therefore cannot use the proof at another one. */
  peer: Uint8Array
  /** 16 random bytes. */
  nonce: Uint8Array
  atMs: number
}

export const PROOF_NONCE_BYTES = 16

const VERSION = 1
const DOMAIN = 'mayfly-proof:'

/** 64 bytes. */
export function signProof(secret: MessageSecret, terms: ProofTerms): Uint8Array {
  return signBytes(secret, provenBytes(terms))
}

export function isProofRight(publicKey: Uint8Array, terms: ProofTerms, signature: Uint8Array): boolean {
  return terms.nonce.byteLength === PROOF_NONCE_BYTES && isSigned(publicKey, provenBytes(terms), signature)
}

function provenBytes({ purpose, peer, nonce, atMs }: ProofTerms): Uint8Array {
  return signedBytes(DOMAIN, encodeCanonical([VERSION, purpose, peer, nonce, atMs]))
}

/** Proves to a home, and to the record nodes that it shows this to, that the owner of a tap has the secret of its hashname. The proof names the home, so that no other peer can receive with it. */
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
