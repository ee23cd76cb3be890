/** Signed bytes as they travel: a CBOR array of the signed part and its signature, both byte strings. */

import { concatBytes } from '@noble/hashes/utils.js'
import { MayflyError } from '../errors.ts'
import { encodeCanonical } from './canonical.ts'
import { isSigned, isSignedElsewhere, SIGNATURE_BYTES, type SigningSecret, signBytes } from './signing.ts'

/** The most that this form adds to a signed part, in bytes: array, heads of two byte strings, signature. */
export const SIGNED_OVERHEAD_BYTES = 1 + 5 + 2 + SIGNATURE_BYTES

/** The bytes that a signature covers: the domain, so that it is not valid for anything else that the key signs, and the signed part. */
export function signedBytes(domain: string, part: Uint8Array): Uint8Array {
  return concatBytes(new TextEncoder().encode(domain), part)
}

export function signPart(secret: SigningSecret, domain: string, part: Uint8Array): Uint8Array {
  return encodeCanonical([part, signBytes(secret, signedBytes(domain, part))])
}

/**
 * Splits part and signature, without checking the signature.
 *
 * @throws {MayflyError} ERR_BAD_FRAME
 */
export function decodeSigned(what: string, bytes: Uint8Array, maxBytes: number) {
  const found = bytes.byteLength > maxBytes ? undefined : splitSigned(bytes)
  if (found === undefined) throw new MayflyError('ERR_BAD_FRAME', `Not ${what}: not a signed part and its signature, in canonical form`)
  return { part: new Uint8Array(found.part), signature: new Uint8Array(found.signature) }
}

const ARRAY_OF_2 = 0x82
/** Heads of byte strings: a length up to 23 is in the first byte; a longer one follows one of these, in so many bytes. */
const BYTES = 0x40
const LENGTHS = [
  { first: 0x58, bytes: 1, from: 24 },
  { first: 0x59, bytes: 2, from: 256 },
  { first: 0x5a, bytes: 4, from: 65_536 },
] as const

/**
 * Splits by hand, since each hop does it with each message, and there is one form. Returns views of the bytes; undefined for another form.
 *
 * @see https://www.rfc-editor.org/rfc/rfc8949#section-4.2.1
 */
function splitSigned(bytes: Uint8Array) {
  const start = bytes[0] === ARRAY_OF_2 ? byteStringStart(bytes) : undefined
  const end = bytes.byteLength - SIGNATURE_BYTES - 2
  if (start === undefined || start.offset + start.length !== end) return undefined
  if (bytes[end] !== LENGTHS[0].first || bytes[end + 1] !== SIGNATURE_BYTES) return undefined
  return { part: bytes.subarray(start.offset, end), signature: bytes.subarray(end + 2) }
}

/** Where the byte string behind the array's head begins, and its length; undefined when it is none, or its length is not in shortest form. */
function byteStringStart(bytes: Uint8Array): { offset: number; length: number } | undefined {
  const first = bytes[1] ?? 0
  if (first >= BYTES && first < BYTES + LENGTHS[0].from) return { offset: 2, length: first - BYTES }
  const form = LENGTHS.find((candidate) => candidate.first === first)
  if (form === undefined) return undefined
  let length = 0
  for (let i = 0; i < form.bytes; i++) length = length * 256 + (bytes[2 + i] ?? 0)
  return length < form.from ? undefined : { offset: 2 + form.bytes, length }
}

/** True when the key's owner signed the part in these bytes, for this domain. */
export function isPartSigned(publicKey: Uint8Array, domain: string, bytes: Uint8Array): boolean {
  const found = splitSigned(bytes)
  return found !== undefined && isSigned(publicKey, signedBytes(domain, found.part), found.signature)
}

/** As `isPartSigned`, in another thread where the platform has one. Never rejects. */
export async function isPartSignedElsewhere(publicKey: Uint8Array, domain: string, bytes: Uint8Array): Promise<boolean> {
  const found = splitSigned(bytes)
  return found !== undefined && isSignedElsewhere(publicKey, signedBytes(domain, found.part), found.signature)
}
