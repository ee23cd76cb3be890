/** A person's reference to content: a hash, a CID, or a link on some gateway; and a file in it, where it is a bundle. */

import { MayflyError } from '../../errors.ts'
import {
  decodeKeyCid,
  decodeKeyHex,
  decodeLinkKey,
  decodePath,
  encodeKeyHex,
  type LinkKey,
  linkKeyTextOf,
  resolvePath,
} from '../../keys/index.ts'
import type { Key } from '../../types.ts'

export interface ContentReference {
  key: Key
  /** The key as 64 lower-case hex digits. */
  hash: string
  /** The gateway that the link leads to; absent for a bare hash or CID. */
  origin?: string
  /** The SHA-256 of the outline, where the link carries it. */
  outline?: Key
  /** Path of a file in the bundle that the hash names. */
  path?: string
  /** The key of a private link. */
  linkKey?: LinkKey
}

/** A hash or a CID, then perhaps a path, then perhaps the outline's hash. */
const BARE_FORM = /^(ipfs:\/\/|\/ipfs\/)?([^/?]+)(?:\/([^?]*))?(?:\?o=(.*))?$/

/** @throws {MayflyError} ERR_BAD_KEY */
export function parseContentReference(whole: string): ContentReference {
  // The key is removed first, since errors about the rest may be shown and logged.
  const end = whole.lastIndexOf('#k=')
  if (end === -1) return parseAddress(whole)
  const linkKey = decodeLinkKey(linkKeyTextOf(whole.slice(end)) ?? '')
  return { ...parseAddress(whole.slice(0, end)), linkKey }
}

function parseAddress(text: string): ContentReference {
  if (/^https?:\/\//i.test(text)) return parseLink(text)
  const match = BARE_FORM.exec(text)
  const [, scheme, name, inside = '', outline] = match ?? []
  const path = resolvePath(inside.split('/'))
  if (name === undefined) return reference(decodeHexOrCid(text))
  return {
    ...reference(scheme === undefined ? decodeHexOrCid(name) : decodeKeyCid(name)),
    ...(outline !== undefined && { outline: decodeKeyHex(outline) }),
    ...(path && { path }),
  }
}

function parseLink(text: string): ContentReference {
  if (!URL.canParse(text)) throw new MayflyError('ERR_BAD_KEY', `Not a link: ${text}`)
  const { origin, pathname, searchParams } = new URL(text)
  const match = /^\/(?:(raw|ipfs)\/)?([^/]+)(?:\/(.*))?$/.exec(pathname)
  if (match?.[2] === undefined) {
    throw new MayflyError('ERR_BAD_KEY', `Not a link to content: expected ${origin}/<hash>, /raw/<hash> or /ipfs/<cid>, got ${pathname}`)
  }
  const [, place, name, inside = ''] = match
  const path = decodeLinkPath(inside)
  const outline = searchParams.get('o')
  return {
    ...reference(place === 'ipfs' ? decodeKeyCid(name) : decodeKeyHex(name)),
    origin,
    ...(outline !== null && { outline: decodeKeyHex(outline) }),
    ...(path && { path }),
  }
}

/** The path of a link is encoded; after a bare hash it is not. */
function decodeLinkPath(text: string): string {
  const path = decodePath(text)
  if (path === undefined) throw new MayflyError('ERR_BAD_KEY', `Not a path: ${text}`)
  return path
}

function decodeHexOrCid(text: string): Key {
  if (/^[0-9A-F]{64}$/i.test(text) && /[A-F]/.test(text)) {
    throw new MayflyError('ERR_BAD_KEY', `A hash is written in lower case: ${text.toLowerCase()}`)
  }
  // Every CID in use here is base32 and starts with its letter; the error for anything else explains the form of a hash.
  return text.startsWith('b') && text.length !== 64 ? decodeKeyCid(text) : decodeKeyHex(text)
}

function reference(key: Key): ContentReference {
  return { key, hash: encodeKeyHex(key) }
}
