/**
 * The hello of a first stage as the first script of a document says it, before the page's modules are here: the same bytes as `share-frames.ts` and
 * `share-keys.ts` make of it. It stands in the document as text, so it has neither their CBOR nor their hash, and imports next to nothing.
 */

import { concatBytes, utf8ToBytes } from '@noble/hashes/utils.js'
import { MayflyError } from '../../errors.ts'
import type { Ends } from '../format/share-keys.ts'
import type { LinkSecrets } from '../format/share-link.ts'
import type { FirstSession } from './session.ts'

/** The receiver of a first stage, as its sharer sees it. */
export interface FirstVisitor {
  /** 16 bytes. */
  receiver: Uint8Array
  /** At most 80 characters. */
  label: string
}

/** The receiver that has said hello early. */
export interface FirstGreeting extends FirstVisitor {
  /** Its hello is the first record. Rejects where none could be said: the socket is closed then. */
  session: Promise<FirstSession>
}

const SECRET_BYTES = 16
const LINK_BYTES = 18
const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567'
const DIGIT_BITS = 5
const LINK_DOMAIN = utf8ToBytes('mayfly-share-link:')
const HELLO_DOMAIN = utf8ToBytes('mayfly-share-hello:')
/** The beginnings of CBOR items that have fewer than 24 entries or bytes, and of those whose length follows in one byte. */
const [ARRAY, BYTES, TEXT, LONG] = [0x80, 0x40, 0x60, 24]
/** The type of a hello, and the version of the protocol. */
const HELLO = [1, 1]

/**
 * Reads the two parts of a link, as `parseLink` reads the whole.
 *
 * @throws {MayflyError} ERR_SHARE_WRONG: mistyped, or cut
 */
export async function readFirstLink(id: string, secret: string): Promise<LinkSecrets> {
  const [key, bytes] = [decodeBase32(id), decodeBase32(secret)]
  const link = { id: key, secret: bytes.slice(0, SECRET_BYTES) }
  const check = new Uint8Array(await crypto.subtle.digest('SHA-256', concatBytes(LINK_DOMAIN, key, link.secret)))
  if (bytes.byteLength !== LINK_BYTES || bytes[SECRET_BYTES] !== check[0] || bytes[SECRET_BYTES + 1] !== check[1])
    throw new MayflyError('ERR_SHARE_WRONG', 'The link is mistyped or cut')
  return link
}

/** A hello that takes no offer of a direct connection: a first stage has none. */
export async function encodeFirstHello({ id, secret }: LinkSecrets, ends: Ends, { receiver, label }: FirstVisitor): Promise<Uint8Array> {
  const key = await crypto.subtle.importKey('raw', owned(secret), { name: 'HMAC', hash: 'SHA-256' }, false, ['sign'])
  const said = concatBytes(HELLO_DOMAIN, array(text(ends.visitor), text(ends.owner), bytesOf(id)))
  const proof = new Uint8Array(await crypto.subtle.sign('HMAC', key, owned(said)))
  return array(...HELLO.map((number) => Uint8Array.of(number)), bytesOf(id), bytesOf(proof), bytesOf(receiver), text(label))
}

/** Nothing at all where a character is none of its own, or the last ones say more than whole bytes. */
function decodeBase32(text: string): Uint8Array<ArrayBuffer> {
  const bytes: number[] = []
  let [value, bits] = [0, 0]
  for (const character of text.toLowerCase()) {
    const digit = BASE32.indexOf(character)
    if (digit < 0) return new Uint8Array()
    value = ((value << DIGIT_BITS) | digit) & 0xfff
    bits += DIGIT_BITS
    if (bits < 8) continue
    bits -= 8
    bytes.push((value >> bits) & 0xff)
  }
  return Uint8Array.from(bits < DIGIT_BITS && (value & ((1 << bits) - 1)) === 0 ? bytes : [])
}

const array = (...items: Uint8Array[]) => concatBytes(head(ARRAY, items.length), ...items)
const bytesOf = (bytes: Uint8Array) => concatBytes(head(BYTES, bytes.byteLength), bytes)

function text(words: string): Uint8Array {
  const bytes = utf8ToBytes(words)
  return concatBytes(head(TEXT, bytes.byteLength), bytes)
}

/** For lengths below 256, as all of a hello are. */
function head(kind: number, length: number): Uint8Array {
  return length < LONG ? Uint8Array.of(kind + length) : Uint8Array.of(kind + LONG, length)
}

/** As WebCrypto's types want it: none of these is over shared memory. */
const owned = (bytes: Uint8Array) => bytes as Uint8Array<ArrayBuffer>
