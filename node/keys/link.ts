/** Links to content, read and made: a hash or a CID, perhaps on some gateway, and what a link may carry besides. */

import { MayflyError } from '../errors.ts'
import type { Key } from '../types.ts'
import { decodeKeyCid, decodeKeyHex, encodeKeyHex } from './key-text.ts'
import { joinLink, linkKeyTextOf, splitLink } from './link-form.ts'
import { decodeLinkKey, encodeLinkKey, type LinkKey } from './link-key.ts'
import { decodePath, encodePath, resolvePath } from './link-path.ts'

export interface Link {
  key: Key
  /** The key as 64 lower-case hex digits. */
  hash: string
  /** The gateway that the link leads to; absent for a hash or a CID by itself. */
  origin?: string
  /** The SHA-256 of the outline: with it a reader can begin anywhere in large content. */
  outline?: Key
  /** Path of a file in the bundle that the hash names, decoded. */
  path?: string
  /** The name of a single file, as the link says; nobody has checked it. */
  name?: string
  /** The key of private content. */
  linkKey?: LinkKey
}

/** A hash or a CID, then perhaps a path, then perhaps a query. */
const BARE_FORM = /^(ipfs:\/\/)?([^/?]+)(?:\/([^?]*))?(?:\?(.*))?$/
/** Stands where a link has no origin. */
const ANY_SITE = 'http://any.invalid'

/**
 * Reads a link, in any form that people have: a hash, a CID, `/<hash>…`, `https://gateway/<hash>…`, with `/raw/` or `/ipfs/` before it, a path
 * behind it, and `?o=`, `?filename=` and `#k=`. A path is encoded in a link, and plain after a hash by itself.
 *
 * @throws {MayflyError} ERR_BAD_KEY, whose message does not show the key of private content
 */
export function decodeLink(text: string): Link {
  const whole = text.trim()
  // The key is removed first, since errors about the rest may be shown and logged.
  const end = whole.lastIndexOf('#k=')
  if (end === -1) return decodeAddress(whole)
  const linkKey = decodeLinkKey(linkKeyTextOf(whole.slice(end)) ?? '')
  return { ...decodeAddress(whole.slice(0, end)), linkKey }
}

/** Makes a link that `decodeLink` reads: on its gateway, or without an `origin` from the slash on. */
export function encodeLink({ key, origin = '', outline, path, name, linkKey }: Omit<Link, 'hash'>): string {
  const parts = {
    name: encodeKeyHex(key),
    ...(path && { inside: encodePath(path) }),
    ...(outline && { outline: encodeKeyHex(outline) }),
    ...(name && { filename: name }),
    ...(linkKey && { secret: encodeLinkKey(linkKey) }),
  }
  return origin.replace(/\/$/, '') + joinLink(parts)
}

function decodeAddress(text: string): Link {
  if (/^https?:\/\//i.test(text) || /^\/[^/]/.test(text)) return decodeUrl(text)
  const [, scheme, name, inside = '', query = ''] = BARE_FORM.exec(text) ?? []
  if (name === undefined) return linkOf(decodeHexOrCid(text), {})
  const { o: outline, filename, ...others } = Object.fromEntries(new URLSearchParams(query))
  const [unknown] = Object.keys(others)
  if (unknown !== undefined)
    throw new MayflyError('ERR_BAD_KEY', `Not a link: expected ?o= or ?filename= behind a hash, got ${JSON.stringify(unknown)}`)
  const path = resolvePath(inside.split('/'))
  return linkOf(scheme === undefined ? decodeHexOrCid(name) : decodeKeyCid(name), { outline, path, name: filename })
}

function decodeUrl(text: string): Link {
  if (!URL.canParse(text, ANY_SITE)) throw new MayflyError('ERR_BAD_KEY', `Not a link: ${text}`)
  const url = new URL(text, ANY_SITE)
  const isAnywhere = url.origin === ANY_SITE
  const parts = splitLink(url)
  if (parts === undefined) {
    const site = isAnywhere ? '' : url.origin
    throw new MayflyError(
      'ERR_BAD_KEY',
      `Not a link to content: expected ${site}/<hash>, /raw/<hash> or /ipfs/<cid>, got ${JSON.stringify(url.pathname)}`,
    )
  }
  const { place, name, inside = '', outline, filename } = parts
  const path = decodePath(inside)
  if (path === undefined) throw new MayflyError('ERR_BAD_KEY', `Not a path: ${inside}`)
  const key = place === 'ipfs' ? decodeKeyCid(name) : decodeKeyHex(name)
  return linkOf(key, { ...(!isAnywhere && { origin: url.origin }), outline, path, name: filename })
}

function linkOf(key: Key, parts: { origin?: string; outline?: string | undefined; path?: string; name?: string | undefined }): Link {
  const { origin, outline, path, name } = parts
  return {
    key,
    hash: encodeKeyHex(key),
    ...(origin !== undefined && { origin }),
    ...(outline !== undefined && { outline: decodeKeyHex(outline) }),
    ...(path && { path }),
    ...(name && { name }),
  }
}

function decodeHexOrCid(text: string): Key {
  if (/^[0-9A-F]{64}$/i.test(text) && /[A-F]/.test(text)) {
    throw new MayflyError('ERR_BAD_KEY', `A hash is written in lower case: ${text.toLowerCase()}`)
  }
  // Every CID in use here is base32 and starts with its letter.
  if (text.startsWith('b') && text.length !== 64) return decodeKeyCid(text)
  if (/^[0-9a-f]+$/.test(text)) return decodeKeyHex(text)
  const got = JSON.stringify(text.slice(0, 80))
  throw new MayflyError('ERR_BAD_KEY', `Not a link to content: expected a link, a hash of 64 lower-case hex digits or a CID, got ${got}`)
}
