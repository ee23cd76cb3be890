/** Keys, links and their text forms, for users of the library: as in `node/keys/`, with checked arguments. */

import * as keys from '../keys/index.ts'
import * as links from '../keys/links.ts'
import type { Key } from '../types.ts'
import { type Read, readBytes, readImplementation, readInteger, readObject, readText, readTextOrBytes, withCode } from './arguments.ts'
import { readKey, readLinkKey } from './values.ts'

export const createLinkKey = keys.createLinkKey

const readKeyText = withCode('ERR_BAD_KEY', readText)

/** True for 64 lower-case hex digits. */
export function isKeyHex(text: unknown): text is string {
  return typeof text === 'string' && keys.isKeyHex(text)
}

/** 64 lower-case hex digits. @throws {MayflyError} ERR_BAD_KEY */
export function encodeKeyHex(key: Key | string): string {
  return keys.encodeKeyHex(readKey(key, 'encodeKeyHex: key'))
}

/** @throws {MayflyError} ERR_BAD_KEY */
export function decodeKeyHex(text: string): Key {
  return keys.decodeKeyHex(readKeyText(text, 'decodeKeyHex: text'))
}

/** 52 characters, lower case, without padding. @throws {MayflyError} ERR_BAD_KEY */
export function encodeKeyBase32(key: Key | string): string {
  return keys.encodeKeyBase32(readKey(key, 'encodeKeyBase32: key'))
}

/** The CIDv1 (codec raw, sha2-256) that IPFS clients use for the same bytes. @throws {MayflyError} ERR_BAD_KEY */
export function encodeKeyCid(key: Key | string): string {
  return keys.encodeKeyCid(readKey(key, 'encodeKeyCid: key'))
}

/** The key of content that a CID names as a whole: one of codec raw. @throws {MayflyError} ERR_BAD_KEY */
export function decodeKeyCid(text: string): Key {
  return keys.decodeKeyCid(readKeyText(text, 'decodeKeyCid: text'))
}

/** A CID of any version, codec and hash, in any base that IPFS clients use. @throws {MayflyError} ERR_BAD_KEY */
export function parseCid(text: string): ReturnType<typeof keys.parseCid> {
  return keys.parseCid(readKeyText(text, 'parseCid: text'))
}

type Cid = Parameters<typeof keys.keyOfBlock>[0]
const readCid: Read<Cid> = readImplementation<Cid>({ multihash: readImplementation({ code: readInteger, digest: readBytes }) })

/** The key of the block that a CID names; undefined for any hash but sha2-256. */
export function keyOfBlock(cid: Cid): Key | undefined {
  return keys.keyOfBlock(readCid(cid, 'keyOfBlock: cid'))
}

/** A file's name without deceiving characters and path separators; empty when nothing is left. */
export function harmlessName(name: string): string {
  return keys.harmlessName(readText(name, 'harmlessName: name'))
}

/** 43 characters. @throws {MayflyError} ERR_BAD_KEY */
export function encodeLinkKey(key: keys.LinkKey | string): string {
  return keys.encodeLinkKey(readLinkKey(key, 'encodeLinkKey: key'))
}

/** @throws {MayflyError} ERR_BAD_KEY, whose message does not repeat the text */
export function decodeLinkKey(text: string): keys.LinkKey {
  return keys.decodeLinkKey(readKeyText(text, 'decodeLinkKey: text'))
}

/** The fragment of a private link, with its `#`. */
export function linkKeyFragment(text: string): string {
  return links.linkKeyFragment(readText(text, 'linkKeyFragment: text'))
}

/** The key's text in the fragment of a URL (with its `#`), as it stands there; undefined when the fragment is something else. */
export function linkKeyTextOf(fragment: string): string | undefined {
  return links.linkKeyTextOf(readText(fragment, 'linkKeyTextOf: fragment'))
}

/** The path inside a bundle as a link has it. */
export function encodePath(path: string): string {
  return links.encodePath(readText(path, 'encodePath: path'))
}

/** The path that a link has behind the hash; undefined when a part of it can be no name. A slash at its end stays. */
export function decodePath(text: string): string | undefined {
  return links.decodePath(readText(text, 'decodePath: text'))
}

/**
 * Reads a link, in any form that people have: a hash, a CID, `/<hash>…`, `https://gateway/<hash>…`, with `/raw/` or `/ipfs/` before it, a path
 * behind it, and `?o=`, `?filename=` and `#k=`. A path is encoded in a link, and plain after a hash by itself.
 *
 * @throws {MayflyError} ERR_BAD_KEY, whose message does not show the key of private content
 */
export function decodeLink(text: string | URL): links.Link {
  return links.decodeLink(text instanceof URL ? text.href : readKeyText(text, 'decodeLink: text'))
}

/** The parts of a link to be made; see `Link`. */
export type LinkToMake = Omit<links.Link, 'key' | 'hash' | 'outline' | 'linkKey'> & {
  key: Key | string
  /** It may stand there, as `decodeLink` gives it; `key` counts. */
  hash?: string
  outline?: Key | string
  linkKey?: keys.LinkKey | string
}

const readLink = readObject<Omit<links.Link, 'hash'> & { hash?: string }>(
  { key: readKey, hash: readText, origin: readText, outline: readKey, path: readText, name: readText, linkKey: readLinkKey },
  ['key'],
)

/** Makes a link that `decodeLink` reads: on its gateway, or without an `origin` from the slash on. @throws {MayflyError} ERR_BAD_KEY, ERR_BAD_OPTION */
export function encodeLink(link: LinkToMake): string {
  return links.encodeLink(readLink(link, 'encodeLink: link'))
}

/** The SHA-256; of text, of its UTF-8. */
export async function sha256(data: string | Uint8Array | ArrayBuffer): Promise<Key> {
  return keys.sha256(readTextOrBytes(data, 'sha256: data'))
}
