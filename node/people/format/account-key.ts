/** The account's key, from the 16 random bytes that its recovery words stand for. Pure; the derivation is in WIRE.md. */

import { hkdf } from '@noble/hashes/hkdf.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { KEY_BYTES, sha256AtOnce } from '../../keys/key.ts'
import { encodeKeyBase32 } from '../../keys/key-text.ts'
import { type Signer, signerOf } from './signed-form.ts'

export const ENTROPY_BYTES = 16
const INFO = new TextEncoder().encode('mayfly-account-key')

export function createEntropy(): Uint8Array {
  return globalThis.crypto.getRandomValues(new Uint8Array(ENTROPY_BYTES))
}

export function accountSigner(entropy: Uint8Array): Signer {
  return signerOf(hkdf(sha256, entropy, undefined, INFO, KEY_BYTES))
}

/** The id of an account, or of a place: the SHA-256 of its public key, 52 base32 characters. */
export function keyIdOf(publicKey: Uint8Array): string {
  return encodeKeyBase32(sha256AtOnce(publicKey))
}
