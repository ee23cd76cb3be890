/**
 * Readers for the fields of a decoded frame. A codec names each field and says what it must be; a field that is something else ends in
 * `ERR_BAD_FRAME`, whose message names it. They read CBOR that `decodeFrame` has decoded: plain numbers, strings, byte strings and arrays.
 *
 * ```ts
 * case TYPE.find:
 *   return { type: 'find', id: readInteger(a, 'id'), key: readBytes(b, 'key', KEY_BYTES), limit: readInteger(c, 'limit', 1_000) }
 * ```
 */

import { MayflyError } from '../errors.ts'

export function badField(name: string, expected: string): MayflyError {
  return new MayflyError('ERR_BAD_FRAME', `Frame has a bad ${name}: expected ${expected}`)
}

/** A whole number from 0 to `max`. */
export function readInteger(value: unknown, name: string, max = Number.MAX_SAFE_INTEGER): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0 || value > max)
    throw badField(name, `a whole number from 0 to ${max}`)
  return value
}

export function readBoolean(value: unknown, name: string): boolean {
  if (typeof value !== 'boolean') throw badField(name, 'true or false')
  return value
}

/** Exactly `length` bytes, copied: a field that is kept must not keep the whole frame in memory. */
export function readBytes(value: unknown, name: string, length: number): Uint8Array {
  if (!(value instanceof Uint8Array) || value.byteLength !== length) throw badField(name, `${length} bytes`)
  return new Uint8Array(value) // not `slice`, which is no copy for a Buffer
}

/** From 0 to `maxBytes` bytes, copied. */
export function readBytesUpTo(value: unknown, name: string, maxBytes: number): Uint8Array {
  return new Uint8Array(viewBytesUpTo(value, name, maxBytes))
}

/** The same without a copy, for bytes that are used and let go of, or copied elsewhere: they share the memory of the frame. */
export function viewBytesUpTo(value: unknown, name: string, maxBytes: number): Uint8Array {
  if (!(value instanceof Uint8Array) || value.byteLength > maxBytes) throw badField(name, `at most ${maxBytes} bytes`)
  return value
}

/** @param maxLength in UTF-16 units, as `length` counts */
export function readText(value: unknown, name: string, maxLength: number): string {
  if (typeof value !== 'string' || value.length > maxLength) throw badField(name, `text of at most ${maxLength} characters`)
  return value
}

/** An array of at most `maxLength` items, each read by `readItem`, which is told the same name. */
export function readArray<T>(value: unknown, name: string, maxLength: number, readItem: (item: unknown, name: string) => T): T[] {
  if (!Array.isArray(value) || value.length > maxLength) throw badField(name, `a list of at most ${maxLength}`)
  return value.map((item) => readItem(item, name))
}

/** The entries of an array that has at least so many; what each is, is read by its own reader. */
export function readTuple(value: unknown, name: string, length: number): unknown[] {
  if (!Array.isArray(value) || value.length < length) throw badField(name, `a list of ${length}`)
  return value
}

/** Null travels for a field that is left out. */
export function readOptional<T>(value: unknown, name: string, read: (value: unknown, name: string) => T): T | undefined {
  return value === null ? undefined : read(value, name)
}

/** The word whose number travels. @param numbers the number of each word */
export function readWord<Word extends string>(value: unknown, name: string, numbers: Readonly<Record<Word, number>>): Word {
  for (const word in numbers) if (numbers[word] === value) return word
  throw badField(name, 'a number that stands for something')
}
