/** X25519 keys, as HPKE takes them, of the Ed25519 keys that sign. */

import { ed25519 } from '@noble/curves/ed25519.js'
import { MayflyError } from '../../errors.ts'
import { isPublicKey } from '../../keys/public-key-form.ts'
import type { MessageSecret } from '../types.ts'

/** Both ends of one sealed payload. */
export interface SealKeys {
  /** The sender's secret. */
  secret: MessageSecret
  /** The receiver's public key. */
  receiver: Uint8Array
  /** Associated data: `sealTerms` of the envelope. */
  aad: Uint8Array
}

export interface UnsealKeys {
  /** The receiver's secret. */
  secret: MessageSecret
  /** The sender's public key. */
  sender: Uint8Array
  aad: Uint8Array
}

/** One way to seal with HPKE: Node.js's own primitives, or WebCrypto. Both give and take the same bytes. */
export interface Hpke {
  /**
   * Pads and seals an encoded payload.
   *
   * @param isInRow as the next message of a row (sealed-row.ts) from this sender to this receiver; where rows are not sealed, by itself
   * @returns the sealed payload, as it travels
   * @throws {MayflyError} ERR_BAD_FRAME, when the receiver's public key is not one; ERR_NO_CRYPTO
   */
  seal(keys: SealKeys, payload: Uint8Array, isInRow?: boolean): Uint8Array | Promise<Uint8Array>
  /**
   * Opens both forms.
   *
   * @throws {MayflyError} ERR_NO_CRYPTO
   * @throws any other error, when it was not sealed so
   */
  open(keys: UnsealKeys, sealed: Uint8Array): Uint8Array | Promise<Uint8Array>
}

export const HPKE_INFO = new TextEncoder().encode('mayfly-message')

/**
 * The X25519 scalar of a secret. Its lowest bit, which X25519 clears anyway (RFC 7748, section 5), is set here: WebKitGTK
 * 2.50.6 refuses private keys in PKCS #8 whose first byte is zero, which one clamped scalar of 32 has.
 */
export function scalarOf(secret: MessageSecret): Uint8Array {
  const scalar = ed25519.utils.toMontgomerySecret(secret)
  scalar[0] = (scalar[0] ?? 0) | 1
  return scalar
}

/** @throws {MayflyError} ERR_BAD_FRAME, when the bytes are not an Ed25519 public key */
export function montgomeryOf(publicKey: Uint8Array): Uint8Array {
  try {
    if (!isPublicKey(publicKey)) throw new Error('not the form of a public key')
    return ed25519.utils.toMontgomery(publicKey)
  } catch (cause) {
    throw new MayflyError('ERR_BAD_FRAME', 'Cannot seal for this receiver: its public key is none', { cause })
  }
}
