/**
 * Proofs: a receiver's signature over the asking peer, the purpose and a nonce, which proves that it has its key. The asking peer checks nonce
 * and time itself.
 */

import type { MessageSecret } from '../types.ts'
import { encodeCanonical } from './canonical.ts'
import { signedBytes } from './signed.ts'
import { isSigned, signBytes } from './signing.ts'

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
