/** CBOR that has one form for each value, so that what is signed has one id. */

import { decode, encode } from 'cborg'
import { MayflyError } from '../../errors.ts'
import { equalBytes } from '../../keys/index.ts'

/** In bytes of their own: in Node.js the library's are part of a shared buffer, whose `slice` copies nothing. */
export function encodeCanonical(value: unknown): Uint8Array {
  return new Uint8Array(encode(value))
}

/**
 * Reads one value; maps come as `Map`.
 *
 * @param what the noun for the error's message
 * @throws {MayflyError} ERR_BAD_FRAME, for what is no CBOR, not its shortest form, or not what `read` expects (it throws an error that says what)
 */
export function decodeCanonical<T>(what: string, bytes: Uint8Array, maxBytes: number, read: (value: unknown) => T): T {
  try {
    if (bytes.byteLength > maxBytes) throw new Error(`longer than ${maxBytes} bytes`)
    const value: unknown = decode(bytes, { strict: true, useMaps: true, rejectDuplicateMapKeys: true })
    const result = read(value)
    if (!equalBytes(encode(value), bytes)) throw new Error('not in canonical form')
    return result
  } catch (cause) {
    throw new MayflyError('ERR_BAD_FRAME', `Not ${what}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
  }
}

/** @throws {Error} saying which entries were expected */
export function mustBeArray(value: unknown, entries: number): unknown[] {
  if (!Array.isArray(value) || value.length !== entries) throw new Error(`${entries} entries were expected`)
  return value
}

/** @throws {Error} */
export function mustBeBytes(value: unknown, length: number, name: string): Uint8Array {
  if (!(value instanceof Uint8Array) || value.byteLength !== length) throw new Error(`${name}: ${length} bytes were expected`)
  return new Uint8Array(value)
}

/** @throws {Error} */
export function mustBeTime(value: unknown, name: string): number {
  if (!Number.isSafeInteger(value) || (value as number) < 0) throw new Error(`${name}: milliseconds were expected`)
  return value as number
}
