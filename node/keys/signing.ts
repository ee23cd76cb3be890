/** Ed25519 keys: signatures and hashnames. The formats of messages and of people say what is signed. */

import { MayflyError } from '../errors.ts'
import { KEY_BYTES, sha256AtOnce } from './key.ts'
import { encodeKeyBase32 } from './key-text.ts'
import { nativeSigning } from './native-signing.ts'
import { isPortablySigned, portablePublicKey, portableSign } from './portable-signing.ts'

export const SIGNATURE_BYTES = 64

/** An Ed25519 seed, 32 bytes. */
export type SigningSecret = Uint8Array

export function createSigningSecret(): SigningSecret {
  return globalThis.crypto.getRandomValues(new Uint8Array(KEY_BYTES))
}

/**
 * The public key, 32 bytes.
 *
 * @throws {MayflyError} ERR_BAD_OPTION, when the secret is not 32 bytes
 */
export function publicKeyOf(secret: SigningSecret): Uint8Array {
  mustBeSecret(secret)
  return nativeSigning?.publicKey(secret) ?? portablePublicKey(secret)
}

/**
 * A signature, 64 bytes.
 *
 * @throws {MayflyError} ERR_BAD_OPTION, when the secret is not 32 bytes
 */
export function signBytes(secret: SigningSecret, bytes: Uint8Array): Uint8Array {
  mustBeSecret(secret)
  return nativeSigning?.sign(secret, bytes) ?? portableSign(secret, bytes)
}

/** True when the key's owner signed exactly these bytes. Strict: a signature has one form, and a key of small order signs nothing. */
export function isSigned(publicKey: Uint8Array, bytes: Uint8Array, signature: Uint8Array): boolean {
  if (publicKey.byteLength !== KEY_BYTES || signature.byteLength !== SIGNATURE_BYTES) return false
  return (nativeSigning?.isSigned ?? isPortablySigned)(publicKey, bytes, signature)
}

/** As `isSigned`, in another thread where the platform has one. Never rejects. */
export async function isSignedElsewhere(publicKey: Uint8Array, bytes: Uint8Array, signature: Uint8Array): Promise<boolean> {
  if (publicKey.byteLength !== KEY_BYTES || signature.byteLength !== SIGNATURE_BYTES) return false
  return (nativeSigning?.isSignedElsewhere ?? isPortablySigned)(publicKey, bytes, signature)
}

/** The SHA-256 of a public key, 52 base32 characters: an address to write to. */
export function hashnameOf(publicKey: Uint8Array): string {
  return encodeKeyBase32(sha256AtOnce(publicKey))
}

function mustBeSecret(secret: SigningSecret): void {
  const length = secret instanceof Uint8Array ? secret.byteLength : undefined
  if (length === KEY_BYTES) return
  const found = length === undefined ? 'no Uint8Array' : `${length} bytes`
  throw new MayflyError('ERR_BAD_OPTION', `Cannot use this secret: ${found}, ${KEY_BYTES} bytes were expected`)
}
