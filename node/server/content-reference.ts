/** What a person gives to name content: a hash, a CID, or the link of a page on some gateway. */

import { MayflyError } from '../errors.ts'
import { decodeKeyCid, decodeKeyHex, encodeKeyHex } from '../keys/index.ts'
import type { Key } from '../types.ts'

export interface ContentReference {
  key: Key
  /** The key as 64 lower-case hex digits. */
  hash: string
  /** The gateway that the link leads to; absent for a bare hash or CID. */
  origin?: string
}

/** @throws {MayflyError} ERR_BAD_KEY */
export function parseContentReference(text: string): ContentReference {
  if (/^https?:\/\//i.test(text)) return parseLink(text)
  const bare = text.replace(/^(?:ipfs:\/\/|\/ipfs\/)/, '').replace(/\/$/, '')
  return reference(bare === text ? decodeHexOrCid(bare) : decodeKeyCid(bare))
}

function parseLink(text: string): ContentReference {
  if (!URL.canParse(text)) throw new MayflyError('ERR_BAD_KEY', `Not a link: ${text}`)
  const { origin, pathname } = new URL(text)
  const match = /^\/(?:(raw|ipfs)\/)?([^/]+)$/.exec(pathname)
  if (match?.[2] === undefined) {
    throw new MayflyError('ERR_BAD_KEY', `Not a link to content: expected ${origin}/<hash>, /raw/<hash> or /ipfs/<cid>, got ${pathname}`)
  }
  const [, place, name] = match
  return { ...reference(place === 'ipfs' ? decodeKeyCid(name) : decodeKeyHex(name)), origin }
}

function decodeHexOrCid(text: string): Key {
  if (/^[0-9A-F]{64}$/i.test(text) && /[A-F]/.test(text)) {
    throw new MayflyError('ERR_BAD_KEY', `A hash is written in lower case: ${text.toLowerCase()}`)
  }
  // Every CID in use here is base32 and starts with its letter; anything else is told the form of a hash.
  return text.startsWith('b') && text.length !== 64 ? decodeKeyCid(text) : decodeKeyHex(text)
}

function reference(key: Key): ContentReference {
  return { key, hash: encodeKeyHex(key) }
}
