/**
 * Ed25519 in a tab, which has no native one. It must judge each signature as Node.js does, or a message would be valid for one peer and forged
 * for the next. So it checks the equation as OpenSSL does: without the cofactor, comparing R byte for byte.
 */

import { ed25519 } from '@noble/curves/ed25519.js'
import { sha512 } from '@noble/hashes/sha2.js'
import { equalBytes } from './key.ts'
import { isPublicKey } from './public-key-form.ts'

const { Point } = ed25519
/** The order of the base point. */
const ORDER = Point.Fn.ORDER
const HALF_BYTES = 32

export function portablePublicKey(secret: Uint8Array): Uint8Array {
  return ed25519.getPublicKey(secret)
}

export function portableSign(secret: Uint8Array, bytes: Uint8Array): Uint8Array {
  return ed25519.sign(bytes, secret)
}

/** @see https://www.rfc-editor.org/rfc/rfc8032#section-5.1.7 (the equation without the cofactor, which it allows) */
export function isPortablySigned(publicKey: Uint8Array, bytes: Uint8Array, signature: Uint8Array): boolean {
  if (!isPublicKey(publicKey)) return false
  const r = signature.subarray(0, HALF_BYTES)
  const s = readNumber(signature.subarray(HALF_BYTES))
  try {
    const key = Point.fromBytes(publicKey)
    const challenge = readNumber(sha512.create().update(r).update(publicKey).update(bytes).digest()) % ORDER
    const expected = Point.BASE.multiplyUnsafe(s).subtract(key.multiplyUnsafe(challenge))
    return equalBytes(expected.toBytes(), r)
  } catch {
    // The key is not a point, or S is not below the order.
    return false
  }
}

/** Little-endian. */
function readNumber(bytes: Uint8Array): bigint {
  let number = 0n
  for (let i = bytes.byteLength - 1; i >= 0; i--) number = number * 256n + BigInt(bytes[i] ?? 0)
  return number
}
