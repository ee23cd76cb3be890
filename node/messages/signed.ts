/** What is signed, as it travels: CBOR of a byte string, which is the signed part, and its signature. */

import type { MessageSecret } from '../types.ts'
import { decodeCanonical, encodeCanonical, mustBeArray, mustBeBytes } from './canonical.ts'
import { isSigned, SIGNATURE_BYTES, signBytes } from './signing.ts'

/** Array, two byte strings with their lengths, and the signature: what this form adds to a signed part, in bytes, at most. */
export const SIGNED_OVERHEAD_BYTES = 1 + 5 + 2 + SIGNATURE_BYTES

export interface SignedPart {
  part: Uint8Array
  signature: Uint8Array
}

/** The bytes that a signature is over: a domain, which keeps it from being valid for anything else that the same key signs, and the part. */
export function signedBytes(domain: string, part: Uint8Array): Uint8Array {
  const prefix = new TextEncoder().encode(domain)
  const bytes = new Uint8Array(prefix.byteLength + part.byteLength)
  bytes.set(prefix)
  bytes.set(part, prefix.byteLength)
  return bytes
}

export function signPart(secret: MessageSecret, domain: string, part: Uint8Array): Uint8Array {
  return encodeCanonical([part, signBytes(secret, signedBytes(domain, part))])
}

/**
 * Takes it apart, without asking whether the signature is right.
 *
 * @throws {MayflyError} ERR_BAD_FRAME
 */
export function decodeSigned(what: string, bytes: Uint8Array, maxBytes: number): SignedPart {
  return decodeCanonical(what, bytes, maxBytes, (value) => {
    const [part, signature] = mustBeArray(value, 2)
    if (!(part instanceof Uint8Array)) throw new Error('a signed part was expected')
    return { part: new Uint8Array(part), signature: mustBeBytes(signature, SIGNATURE_BYTES, 'signature') }
  })
}

/** True when the key's owner signed what these bytes carry, for this domain. */
export function isPartSigned(publicKey: Uint8Array, domain: string, bytes: Uint8Array): boolean {
  try {
    const { part, signature } = decodeSigned('signed', bytes, bytes.byteLength)
    return isSigned(publicKey, signedBytes(domain, part), signature)
  } catch {
    return false
  }
}
