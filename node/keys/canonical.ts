/** Canonical CBOR: one encoding for each value, so that signed bytes have one id. */

import { decode, encode } from 'cborg'
import { MayflyError } from '../errors.ts'
import { equalBytes } from './key.ts'

/** Copies the result: in Node.js the library returns a part of a shared buffer, whose `slice` copies nothing. */
export function encodeCanonical(value: unknown): Uint8Array {
  return new Uint8Array(encode(value))
}

/**
 * Reads one value; maps become `Map`.
 *
 * @param what the noun for the error's message
 * @param read takes the value apart; throws an error that names what is wrong
 * @throws {MayflyError} ERR_BAD_FRAME, for bytes that are not CBOR, not in the shortest form, or refused by `read`; another code is `read`'s own
 */
export function decodeCanonical<T>(what: string, bytes: Uint8Array, maxBytes: number, read: (value: unknown) => T): T {
  try {
    if (bytes.byteLength > maxBytes) throw new Error(`longer than ${maxBytes} bytes`)
    const value: unknown = decode(bytes, { strict: true, useMaps: true, rejectDuplicateMapKeys: true })
    const result = read(value)
    if (!equalBytes(encode(value), bytes)) throw new Error('not in canonical form')
    return result
  } catch (cause) {
    if (cause instanceof MayflyError && cause.code !== 'ERR_BAD_FRAME') throw cause
    throw new MayflyError('ERR_BAD_FRAME', `Not ${what}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
  }
}

/** @throws {Error} naming the number of entries that was expected */
export function mustBeArray(value: unknown, entries: number): unknown[] {
  if (!Array.isArray(value) || value.length !== entries) throw new Error(`${entries} entries were expected`)
  return value
}
