/**
 * CPace, a balanced password-authenticated key exchange: two ends that share a short secret come to a strong key, and nobody else learns the
 * secret or can try more than one guess for each exchange. The suite CPACE-RISTR255-SHA512, with roles: 'A' sends its share first.
 *
 * @see https://datatracker.ietf.org/doc/html/draft-irtf-cfrg-cpace-21
 */

import { ristretto255, ristretto255_hasher } from '@noble/curves/ed25519.js'
import { hmac } from '@noble/hashes/hmac.js'
import { sha512 } from '@noble/hashes/sha2.js'
import { concatBytes, utf8ToBytes } from '@noble/hashes/utils.js'
import { encode as encodeVarint } from 'uint8-varint'
import { MayflyError } from '../../errors.ts'
import { equalBytes } from '../../keys/index.ts'

const { Point } = ristretto255
/** The one-way map of RFC 9496 from 64 bytes to an element: `hashToCurve` of RFC 9380 with any domain gives another one. */
const { deriveToCurve } = ristretto255_hasher

export const SHARE_BYTES = 32
/** A key of confirmation is a SHA-512. */
export const TAG_BYTES = 64

const SUITE = utf8ToBytes('CPaceRistretto255')
const ISK_SUITE = utf8ToBytes('CPaceRistretto255_ISK')
const MAC_DOMAIN = utf8ToBytes('CPaceMac')
/** Input block of SHA-512: the password and its padding fill the first one. */
const BLOCK_BYTES = 128

export interface CpaceInput {
  /** The shared secret, which may be short: PRS. */
  secret: Uint8Array
  /** The purpose of the exchange, the same on both sides: CI. */
  context: Uint8Array
  /** New for each exchange, the same on both sides. */
  sessionId: Uint8Array
}

export interface CpaceKeys {
  /** The intermediate session key, 64 bytes. */
  key: Uint8Array
  /** Proves to the other end that this end has the same key. */
  tag: Uint8Array
  /** True for the tag that the other end sends when it has the same key. */
  isConfirmedBy(tag: Uint8Array): boolean
}

export type CpaceExchange = ReturnType<typeof startCpace>

/** Concatenates the parts, each behind its length, so that no two lists of parts have the same bytes. */
export function lvCat(...parts: readonly Uint8Array[]): Uint8Array {
  return concatBytes(...parts.flatMap((part) => [encodeVarint(part.byteLength), part]))
}

/** The bytes from which the generator is derived: the secret is padded to a block of the hash, so that its time tells nothing of it. */
export function generatorString({ secret, context, sessionId }: CpaceInput): Uint8Array {
  const padding = Math.max(0, BLOCK_BYTES - 1 - lvCat(secret).byteLength - lvCat(SUITE).byteLength)
  return lvCat(SUITE, secret, new Uint8Array(padding), context, sessionId)
}

/**
 * Begins an exchange.
 *
 * @param associated what this end binds to the exchange: its name
 * @param randomBytes makes the secret scalar
 */
export function startCpace(input: CpaceInput, role: 'A' | 'B', associated: Uint8Array, randomBytes: (length: number) => Uint8Array) {
  if (deriveToCurve === undefined) throw new TypeError('this build of @noble/curves has no map to ristretto255')
  const generator = deriveToCurve(sha512(generatorString(input)))
  const scalar = randomScalar(randomBytes)
  const share = generator.multiply(scalar).toBytes()
  const own = lvCat(share, associated)

  return {
    share,
    /**
     * Ends it with the other end's share and name. Both come to the same key when both have the same secret, context and session id.
     *
     * @throws {MayflyError} ERR_BAD_FRAME, for a share that is no element of the group, or its neutral one
     */
    finish(otherShare: Uint8Array, otherAssociated: Uint8Array): CpaceKeys {
      const common = multiplyShare(otherShare, scalar)
      const other = lvCat(otherShare, otherAssociated)
      const transcript = role === 'A' ? concatBytes(own, other) : concatBytes(other, own)
      const key = sha512(concatBytes(lvCat(ISK_SUITE, input.sessionId, common), transcript))
      const macKey = sha512(concatBytes(MAC_DOMAIN, input.sessionId, key))
      const expected = hmac(sha512, macKey, other)
      return { key, tag: hmac(sha512, macKey, own), isConfirmedBy: (tag) => equalTags(tag, expected) }
    },
  }
}

/** 252 bits, little endian: all of them are under the order of the group. */
function randomScalar(randomBytes: (length: number) => Uint8Array): bigint {
  for (;;) {
    const bytes = new Uint8Array(randomBytes(32))
    bytes[31] = (bytes[31] as number) & 0x0f
    const scalar = Point.Fn.fromBytes(bytes)
    if (scalar !== 0n) return scalar
  }
}

/** The neutral element would make a key that everybody knows. */
function multiplyShare(share: Uint8Array, scalar: bigint): Uint8Array {
  let point: InstanceType<typeof Point>
  try {
    point = Point.fromBytes(share)
  } catch (cause) {
    throw new MayflyError('ERR_BAD_FRAME', 'Share of a key exchange is no element of ristretto255', { cause })
  }
  if (point.is0()) throw new MayflyError('ERR_BAD_FRAME', 'Share of a key exchange is the neutral element')
  return point.multiply(scalar).toBytes()
}

/** Compared by their hashes, so that the time tells nothing about how much of a guess is right. */
function equalTags(a: Uint8Array, b: Uint8Array): boolean {
  return equalBytes(sha512(a), sha512(b))
}
