/**
 * A receiver's proof that it has a key: its signature over who asks, what for, and the number that was asked with. Whether the number is the
 * one that was asked with, and the time is near, is left to who asked.
 */

import type { MessageSecret } from '../types.ts'
import { encodeCanonical } from './canonical.ts'
import { signedBytes } from './signed.ts'
import { isSigned, signBytes } from './signing.ts'

export interface ProofTerms {
  /** 'tap': to receive here. 'card': to say which public key a hashname has. */
  purpose: 'tap' | 'card'
  /** Multihash of the peer that it is told to: who gets a proof cannot use it elsewhere. */
  peer: Uint8Array
  /** 16 random bytes of that peer. */
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
