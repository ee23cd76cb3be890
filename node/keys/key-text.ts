/** The text forms of a key: 64 lower-case hex digits, base32 (fits a DNS label), and CIDs for IPFS clients. */

import { base16, base16upper } from 'multiformats/bases/base16'
import { base32, base32upper } from 'multiformats/bases/base32'
import { base36, base36upper } from 'multiformats/bases/base36'
import { base58btc } from 'multiformats/bases/base58'
import { base64url } from 'multiformats/bases/base64'
import { CID } from 'multiformats/cid'
import * as raw from 'multiformats/codecs/raw'
import { decode as decodeDigest } from 'multiformats/hashes/digest'
import { MayflyError } from '../errors.ts'
import type { Key } from '../types.ts'
import { KEY_BYTES, multihashOf } from './key.ts'
import { isKeyHex } from './key-form.ts'

/** By byte, for where nothing writes a whole key at once. */
const BYTE_HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))
/** @see https://github.com/multiformats/multicodec/blob/master/table.csv */
const SHA2_256 = 0x12
/** A CID with a SHA-256 has at most 80 characters, in base 16; bases 36 and 58 are decoded in quadratic time. */
const MAX_CID_LENGTH = 128
/** The bases in which IPFS clients write CIDs. */
const CID_BASES = base32.decoder
  .or(base58btc.decoder)
  .or(base36.decoder)
  .or(base16.decoder)
  .or(base64url.decoder)
  .or(base32upper.decoder)
  .or(base36upper.decoder)
  .or(base16upper.decoder)

/**
 * Keys are names in many maps: what is put together from bytes takes three times as long, and stays a tree of pieces, 830 bytes of memory each,
 * for as long as the map has it (measured in Node.js 24, 2026-11).
 */
export const encodeKeyHex: (key: Key) => string = chooseEncodeHex()

function chooseEncodeHex(): (key: Key) => string {
  const { Buffer } = globalThis
  if (Buffer !== undefined) return (key) => Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString('hex')
  if ('toHex' in Uint8Array.prototype) return (key) => (key as Key & { toHex(): string }).toHex()
  return portableHex
}

/** In a browser of before 2025-09. */
export function portableHex(key: Key): string {
  let text = ''
  for (let i = 0; i < key.byteLength; i++) text += BYTE_HEX[key[i] as number]
  return text
}

/** @throws {MayflyError} ERR_BAD_KEY */
export function decodeKeyHex(text: string): Key {
  if (!isKeyHex(text)) {
    throw new MayflyError('ERR_BAD_KEY', `Not a hash: expected 64 lower-case hex digits, got ${JSON.stringify(text.slice(0, 80))}`)
  }
  const key = new Uint8Array(KEY_BYTES)
  for (let i = 0; i < KEY_BYTES; i++) key[i] = Number.parseInt(text.slice(2 * i, 2 * i + 2), 16)
  return key
}

/** 52 characters, lower case, without padding. */
export function encodeKeyBase32(key: Key): string {
  return base32.baseEncode(key)
}

/** The CIDv1 (codec raw, sha2-256) that IPFS clients use for the same bytes. */
export function encodeKeyCid(key: Key): string {
  return CID.createV1(raw.code, decodeDigest(multihashOf(key))).toString()
}

/**
 * A CID of any version, codec and hash, in any base that IPFS clients use.
 *
 * @throws {MayflyError} ERR_BAD_KEY
 */
export function parseCid(text: string): CID {
  try {
    if (text.length > MAX_CID_LENGTH) throw new RangeError(`longer than ${MAX_CID_LENGTH} characters`)
    return CID.parse(text, CID_BASES)
  } catch (cause) {
    throw new MayflyError('ERR_BAD_KEY', `Not a CID: ${JSON.stringify(text.slice(0, 80))}`, { cause })
  }
}

/** The key of the block that a CID names. The codec only says what the bytes mean; undefined for any hash but sha2-256. */
export function keyOfBlock({ multihash: { code, digest } }: CID): Key | undefined {
  return code === SHA2_256 && digest.byteLength === KEY_BYTES ? digest : undefined
}

/**
 * The key of content that a CID names as a whole. Of any codec but raw, a CID names a block about the content, such as the root of a file
 * in UnixFS.
 *
 * @throws {MayflyError} ERR_BAD_KEY
 */
export function decodeKeyCid(text: string): Key {
  const cid = parseCid(text)
  const key = keyOfBlock(cid)
  if (key !== undefined && cid.code === raw.code) return key
  throw new MayflyError(
    'ERR_BAD_KEY',
    'Only a CID with codec raw and hash sha2-256 names content as a whole; IPFS clients read blocks of other codecs at /ipfs/ of a gateway',
  )
}
