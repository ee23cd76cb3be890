/**
 * Values as bytes: CBOR of what JSON has, and of byte strings. Keys keep their order. Nothing stands for `undefined`, which is the value of no bytes
 * at all: a call without data, or a handler that returns nothing. Pure.
 */

import { decode, type EncodeOptions, encode } from 'cborg'
import { MayflyError } from '../../errors.ts'
import type { Value } from '../types.ts'

export const VALUE_LIMITS = {
  /** Of one value: a call's data, an answer, a message of a channel. */
  maxBytes: 262_144,
  /** Lists and objects inside each other. */
  maxDepth: 64,
}

/** Without its sorter, keys stay in order; with an `undefined` it takes none, though its type says otherwise. */
const ENCODE_OPTIONS: EncodeOptions = { mapSorter: undefined as never, ignoreUndefinedProperties: true }
const DECODE_OPTIONS = {
  strict: true,
  allowIndefinite: false,
  allowUndefined: false,
  allowNaN: false,
  allowInfinity: false,
  allowBigInt: false,
  rejectDuplicateMapKeys: true,
}
const NOTHING = new Uint8Array()
/** A key that changes an object's prototype where it is copied carelessly. */
const PROTO = '__proto__'

/** Bytes that a value takes in memory while it waits. */
export const costOf = (data: Uint8Array) => data.byteLength + 64

/** @throws {MayflyError} ERR_BAD_INPUT, which names the part that cannot travel; ERR_TOO_LARGE */
export function encodeValue(value: unknown): Uint8Array {
  if (value === undefined) return NOTHING
  checkPlain(value, 'the value', 0)
  const bytes = encode(value, ENCODE_OPTIONS)
  if (bytes.byteLength <= VALUE_LIMITS.maxBytes) return bytes
  throw new MayflyError('ERR_TOO_LARGE', `Cannot send the value: ${bytes.byteLength} bytes is over the limit of ${VALUE_LIMITS.maxBytes}`)
}

/** @throws {MayflyError} ERR_BAD_FRAME, for bytes that no `encodeValue` makes */
export function decodeValue(bytes: Uint8Array): Value | undefined {
  if (bytes.byteLength === 0) return undefined
  let value: unknown
  try {
    value = decode(bytes, DECODE_OPTIONS)
  } catch (cause) {
    throw new MayflyError('ERR_BAD_FRAME', 'Value is not one CBOR item of JSON types and byte strings', { cause })
  }
  if (!isPlain(value, 0)) throw new MayflyError('ERR_BAD_FRAME', `Value has a key ${PROTO}, or is deeper than ${VALUE_LIMITS.maxDepth}`)
  return value as Value
}

/** @throws {MayflyError} ERR_BAD_INPUT */
function checkPlain(value: unknown, path: string, depth: number): void {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return
    case 'number':
      if (!Number.isFinite(value)) throw cannotSend(path, `${value}`)
      return
    case 'object':
      if (value === null || value instanceof Uint8Array) return
      if (depth === VALUE_LIMITS.maxDepth) {
        throw new MayflyError('ERR_BAD_INPUT', `Cannot send a value deeper than ${VALUE_LIMITS.maxDepth}, or one that contains itself`)
      }
      if (Array.isArray(value)) for (let i = 0; i < value.length; i++) checkPlain(value[i], `${path}[${i}]`, depth + 1)
      else checkPlainObject(value, path, depth)
      return
    default:
      throw cannotSend(path, value === undefined ? 'undefined' : `a ${typeof value}`)
  }
}

/** Properties that are undefined are left out, as JSON leaves them out. */
function checkPlainObject(value: object, path: string, depth: number): void {
  const prototype: unknown = Object.getPrototypeOf(value)
  // The prototype of plain objects, of whichever window.
  if (prototype !== null && Object.getPrototypeOf(prototype) !== null) throw cannotSend(path, `a ${value.constructor?.name ?? 'class'}`)
  for (const [name, part] of Object.entries(value)) {
    if (name === PROTO) throw cannotSend(path, `an object with a key ${PROTO}`)
    if (part !== undefined) checkPlain(part, `${path}.${name}`, depth + 1)
  }
}

function cannotSend(path: string, what: string): MayflyError {
  return new MayflyError(
    'ERR_BAD_INPUT',
    `Cannot send ${path}: it is ${what}; expected what JSON has (null, true, numbers, text, lists, plain objects) or a Uint8Array`,
  )
}

function isPlain(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return true
  if (depth === VALUE_LIMITS.maxDepth) return false
  if (Array.isArray(value)) return value.every((item) => isPlain(item, depth + 1))
  return !Object.hasOwn(value, PROTO) && Object.values(value).every((part) => isPlain(part, depth + 1))
}
