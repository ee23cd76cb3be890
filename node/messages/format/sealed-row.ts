/**
 * Rows of sealed messages: those from one sender to one receiver that share an HPKE context for a while, since making one takes ten times as long
 * as sealing. Each message carries what opens it: the context's `enc`, and its own number. So rows know no order and no loss, and a
 * receiver may have many instances. The layout, and what is lost, are in WIRE.md.
 */

import { concatBytes } from '@noble/hashes/utils.js'
import { ENCAPSULATED_BYTES, ROW_SEQUENCE_BYTES } from './hpke-sizes.ts'

/** A sender begins another row after so many messages, and after so many ms. */
export const ROW_LIMITS = { maxMessages: 1_024, maxMs: 60_000 } as const

export const ROW_INFO = new TextEncoder().encode('mayfly-row')
/** The exporter context of the key (RFC 9180, section 5.3). */
export const ROW_KEY_CONTEXT = new TextEncoder().encode('key')
export const ROW_KEY_BYTES = 32
const NONCE_BYTES = 12

/** The highest bit of an X25519 public key, which is 0 in all of them (RFC 7748, section 5). It tells the two forms apart. */
const ROW_BIT = 0x80
const LAST = ENCAPSULATED_BYTES - 1

/** The nonce of a row's message: its number, big-endian. */
export function rowNonce(sequence: number): Uint8Array {
  const nonce = new Uint8Array(NONCE_BYTES)
  new DataView(nonce.buffer).setUint32(NONCE_BYTES - ROW_SEQUENCE_BYTES, sequence)
  return nonce
}

export function joinRowMessage(enc: Uint8Array, sequence: number, cipherText: readonly Uint8Array[]): Uint8Array {
  const message = concatBytes(enc, rowNonce(sequence).subarray(NONCE_BYTES - ROW_SEQUENCE_BYTES), ...cipherText)
  message[LAST] = (message[LAST] ?? 0) | ROW_BIT
  return message
}

/** False for a payload that was sealed by itself. */
export function isOfRow(sealed: Uint8Array): boolean {
  return (sealed[LAST] ?? 0) >= ROW_BIT
}

/** Undefined for a payload that was sealed by itself. */
export function splitRowMessage(sealed: Uint8Array): { enc: Uint8Array; sequence: number; cipherText: Uint8Array } | undefined {
  if (!isOfRow(sealed)) return undefined
  const enc = Uint8Array.from(sealed.subarray(0, ENCAPSULATED_BYTES))
  enc[LAST] = (enc[LAST] ?? 0) & ~ROW_BIT
  const sequence = new DataView(sealed.buffer, sealed.byteOffset).getUint32(ENCAPSULATED_BYTES)
  return { enc, sequence, cipherText: sealed.subarray(ENCAPSULATED_BYTES + ROW_SEQUENCE_BYTES) }
}
