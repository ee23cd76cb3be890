/** Who sends and receives: an Ed25519 key, what it signs, and its hashname. What is signed is in envelope.ts, receipt.ts and proof.ts. */

import { MayflyError } from '../errors.ts'
import { encodeKeyBase32, KEY_BYTES, sha256AtOnce } from '../keys/index.ts'
import type { MessageSecret } from '../types.ts'
import { nativeSigning } from './native-signing.ts'
import { isPortablySigned, portablePublicKey, portableSign } from './portable-signing.ts'

export const SIGNATURE_BYTES = 64

/** The y of the points of small order, little-endian: for these keys a signature can be right for any message. */
const SMALL_ORDER = new Set([
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
])

export function createMessageSecret(): MessageSecret {
  return globalThis.crypto.getRandomValues(new Uint8Array(KEY_BYTES))
}

/**
 * 32 bytes.
 *
 * @throws {MayflyError} ERR_BAD_OPTION, when the secret is not 32 bytes
 */
export function publicKeyOf(secret: MessageSecret): Uint8Array {
  mustBeSecret(secret)
  return nativeSigning?.publicKey(secret) ?? portablePublicKey(secret)
}

/**
 * 64 bytes.
 *
 * @throws {MayflyError} ERR_BAD_OPTION, when the secret is not 32 bytes
 */
export function signBytes(secret: MessageSecret, bytes: Uint8Array): Uint8Array {
  mustBeSecret(secret)
  return nativeSigning?.sign(secret, bytes) ?? portableSign(secret, bytes)
}

/** True when the key's owner signed exactly this. Strict: a signature has one form, and a key of small order signs nothing. */
export function isSigned(publicKey: Uint8Array, bytes: Uint8Array, signature: Uint8Array): boolean {
  if (!isPublicKey(publicKey) || signature.byteLength !== SIGNATURE_BYTES) return false
  return (nativeSigning?.isSigned ?? isPortablySigned)(publicKey, bytes, signature)
}

/** The same, and where there are other threads for it, in one of them. Never rejects. */
export async function isSignedElsewhere(publicKey: Uint8Array, bytes: Uint8Array, signature: Uint8Array): Promise<boolean> {
  if (!isPublicKey(publicKey) || signature.byteLength !== SIGNATURE_BYTES) return false
  return (nativeSigning?.isSignedElsewhere ?? isPortablySigned)(publicKey, bytes, signature)
}

/** False for what no key pair has: a second form of a number, or a point of small order. Whether there is such a point is not asked. */
export function isPublicKey(bytes: Uint8Array): boolean {
  if (bytes.byteLength !== KEY_BYTES || !isReduced(bytes)) return false
  let y = ''
  for (const [i, byte] of bytes.entries()) y += (i === KEY_BYTES - 1 ? byte & 0x7f : byte).toString(16).padStart(2, '0')
  return !SMALL_ORDER.has(y)
}

/** True when y is under 2²⁵⁵ − 19. */
function isReduced(bytes: Uint8Array): boolean {
  if (((bytes[KEY_BYTES - 1] ?? 0) & 0x7f) !== 0x7f || (bytes[0] ?? 0) < 0xed) return true
  return bytes.subarray(1, KEY_BYTES - 1).some((byte) => byte !== 0xff)
}

/** The SHA-256 of a public key, 52 base32 characters: an address to write to. */
export function hashnameOf(publicKey: Uint8Array): string {
  return encodeKeyBase32(sha256AtOnce(publicKey))
}

function mustBeSecret(secret: MessageSecret): void {
  if (secret.byteLength === KEY_BYTES) return
  throw new MayflyError('ERR_BAD_OPTION', `Cannot use this secret: ${secret.byteLength} bytes, not ${KEY_BYTES}`)
}
