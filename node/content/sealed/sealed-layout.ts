/** The layout of private content: sizes, slots, the header and the facts. Pure; PRIVATE.md describes it. `sealed-records.ts` encrypts. */

import { concatBytes } from '@noble/hashes/utils.js'
import { decode, encode } from 'cborg'
import { MayflyError } from '../../errors.ts'
import { padmeBytes } from '../../keys/index.ts'
import { refusePath } from '../format/bundle.ts'
import { MAX_OUTLINED_BYTES } from '../format/outline.ts'

/** A slot of cipher text, in bytes. A piece has a whole number of slots, so it can be opened by itself. */
export const SLOT_BYTES = 65_536
/** Bytes that AES-GCM adds to a record. */
export const TAG_BYTES = 16
export const SALT_BYTES = 32
export const KEY_CHECK_BYTES = 32
/** Magic, version, salt and key check, in clear at the beginning. */
export const HEADER_BYTES = 80
/** Header and sealed facts. */
export const HEAD_BYTES = 512
const FACTS_BYTES = HEAD_BYTES - HEADER_BYTES - TAG_BYTES
/** Plain bytes in the first slot, which also has the head, and in each further one. */
export const FIRST_SLOT_PLAIN_BYTES = SLOT_BYTES - HEAD_BYTES - TAG_BYTES
export const SLOT_PLAIN_BYTES = SLOT_BYTES - TAG_BYTES
/** Shorter content is padded to this: most messages and passwords look equally long. */
export const MIN_PADDED_BYTES = 4_096

/** The media type of private content for peers without its key. */
export const SEALED_MEDIA_TYPE = 'application/vnd.mayfly.private'

const MAGIC = new TextEncoder().encode('mayfly-private\n')
const VERSION = 1
const MEDIA_TYPE = /^([\w.+-]+\/[\w.+-]+)?$/
const MAX_TYPE_LENGTH = 127

/** Facts about private content that only readers with its key learn. */
export interface SealedFacts {
  /** A file's name, without folders; empty when there is none. */
  name: string
  /** Media type; empty when it is guessed from the bytes. */
  type: string
  /** In bytes. */
  size: number
}

export interface SealedHeader {
  salt: Uint8Array
  keyCheck: Uint8Array
}

/** The size after padding, which adds at most 3 % from 1 MiB on. */
export function paddedBytes(size: number): number {
  return padmeBytes(size, MIN_PADDED_BYTES)
}

/** The size of the cipher text of `size` plain bytes. */
export function sealedBytes(size: number): number {
  const padded = paddedBytes(size)
  return HEAD_BYTES + padded + slotCount(padded) * TAG_BYTES
}

/** @throws {MayflyError} ERR_TOO_LARGE */
export function mustBeSealable(size: number): void {
  if (size <= MAX_OUTLINED_BYTES && sealedBytes(size) <= MAX_OUTLINED_BYTES) return
  throw new MayflyError(
    'ERR_TOO_LARGE',
    `Cannot make a private link: ${size} bytes are, sealed and padded, over the limit of ${MAX_OUTLINED_BYTES}`,
  )
}

function slotCount(padded: number): number {
  return 1 + Math.ceil(Math.max(0, padded - FIRST_SLOT_PLAIN_BYTES) / SLOT_PLAIN_BYTES)
}

/** The number of slots of content of `size` plain bytes. */
export function slotsOf(size: number): number {
  return slotCount(paddedBytes(size))
}

/** The slot that has this plain byte. */
export function slotAt(plainOffset: number): number {
  return plainOffset < FIRST_SLOT_PLAIN_BYTES ? 0 : 1 + Math.floor((plainOffset - FIRST_SLOT_PLAIN_BYTES) / SLOT_PLAIN_BYTES)
}

/** The offset of a slot's first plain byte. */
export function plainStart(slot: number): number {
  return slot === 0 ? 0 : FIRST_SLOT_PLAIN_BYTES + (slot - 1) * SLOT_PLAIN_BYTES
}

/** The number of the record, and whether it is the last one: 96 bits that no two records of one content share. */
export function nonceOf(record: number, isLast: boolean): Uint8Array<ArrayBuffer> {
  const nonce = new Uint8Array(12)
  new DataView(nonce.buffer).setUint32(7, record)
  nonce[11] = isLast ? 1 : 0
  return nonce
}

export function encodeHeader({ salt, keyCheck }: SealedHeader): Uint8Array<ArrayBuffer> {
  return concatBytes(MAGIC, Uint8Array.of(VERSION), salt, keyCheck)
}

/** True when the bytes begin as private content does. */
export function isSealed(bytes: Uint8Array): boolean {
  return bytes.byteLength >= HEADER_BYTES && MAGIC.every((byte, i) => bytes[i] === byte)
}

/** @throws {MayflyError} ERR_BAD_FRAME */
export function decodeHeader(bytes: Uint8Array): SealedHeader {
  if (!isSealed(bytes)) throw new MayflyError('ERR_BAD_FRAME', 'Not private content: it begins otherwise')
  const version = bytes[MAGIC.byteLength]
  if (version !== VERSION)
    throw new MayflyError('ERR_BAD_FRAME', `Cannot open private content of version ${version}: this is version ${VERSION}`)
  const saltAt = MAGIC.byteLength + 1
  return { salt: bytes.slice(saltAt, saltAt + SALT_BYTES), keyCheck: bytes.slice(saltAt + SALT_BYTES, HEADER_BYTES) }
}

/** Encodes to a fixed length. A name or a type that the decoder would reject is left out. */
export function encodeFacts({ name, type, size }: SealedFacts): Uint8Array<ArrayBuffer> {
  const cbor = encode([isName(name) ? name : '', isType(type) ? type : '', size])
  const bytes = new Uint8Array(FACTS_BYTES)
  new DataView(bytes.buffer).setUint16(0, cbor.byteLength)
  bytes.set(cbor, 2)
  return bytes
}

/** @throws {MayflyError} ERR_BAD_FRAME */
export function decodeFacts(bytes: Uint8Array): SealedFacts {
  try {
    const length = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint16(0)
    const fields = decode(bytes.subarray(2, 2 + length), { strict: true }) as unknown[]
    const [name, type, size] = fields
    if (fields.length !== 3 || typeof name !== 'string' || !isName(name)) throw new Error('a name was expected')
    if (typeof type !== 'string' || !isType(type)) throw new Error('a media type was expected')
    if (!Number.isSafeInteger(size) || (size as number) < 0 || (size as number) > MAX_OUTLINED_BYTES) throw new Error('a size was expected')
    return { name, type, size: size as number }
  } catch (cause) {
    throw new MayflyError('ERR_BAD_FRAME', `Not private content: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
  }
}

function isName(name: string): boolean {
  return name === '' || (!name.includes('/') && refusePath(name) === undefined)
}

function isType(type: string): boolean {
  return type.length <= MAX_TYPE_LENGTH && MEDIA_TYPE.test(type)
}
