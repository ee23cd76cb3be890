/**
 * Exact parsing of request paths. A path in its one canonical form is accepted; any other is refused, with a hint at the probable one.
 * Nothing is decoded, case-folded or guessed into another path. Inside content, a path is resolved as download programs write it: without its
 * dot segments and doubled slashes.
 */

import { base32 } from 'multiformats/bases/base32'
import { decodeKeyCid, decodePath, encodeKeyHex, isKeyHex } from '../../node/index.ts'
import { type ProblemError, problemError } from './problem.ts'

export interface ContentAddress {
  /** 64 lower-case hex digits. */
  hash: string
  /** True under `/raw/`: always the bytes, never the viewer. */
  raw: boolean
  /** Decoded and resolved path inside the content; empty for its root. */
  inside?: string
}

const CONTENT_FORM = /^\/(raw\/)?([0-9a-f]{64})(?:\/(.*))?$/
/** Characters of a path: visible ASCII, without those that other programs take for a slash, a query or a fragment. */
const PATH_CHARACTERS = /^\/[!$&-.0-;=@-[\]^_`a-~/%]*$/
const ENCODED_BYTE = /%[0-9a-f]{2}/gi
/** A dot, slash, backslash, percent or NUL that is still encoded after one decoding: an attack on a program that decodes twice. */
const ENCODED_TWICE = /%(?:2e|2f|5c|25|00)/i

/** Splits a request target at its query. An absolute URL loses its origin. */
export function splitTarget(target: string): { path: string; query: string } {
  const local = target.startsWith('/') ? target : target.replace(/^https?:\/\/[^/?]*/i, '')
  const at = local.indexOf('?')
  return at === -1 ? { path: local, query: '' } : { path: local.slice(0, at), query: local.slice(at + 1) }
}

/** The fault in the form of a path, in words; null when there is none. */
export function pathFault(path: string): string | null {
  if (!PATH_CHARACTERS.test(path)) return 'it has characters that do not belong in a path'
  if (path.replace(ENCODED_BYTE, '').includes('%')) return 'it has a % that encodes nothing'
  if (/%(?:2f|5c)/i.test(path)) return 'it has an encoded slash'
  if (/%(?:[01][0-9a-f]|7f)/i.test(path)) return 'it has an encoded control character'
  const segments = path.split('/').map(decodeSegment)
  if (segments.some((segment) => segment === null)) return 'it has encoded bytes that are not UTF-8'
  if (CONTENT_FORM.test(path)) return null
  if (path.includes('//')) return 'it has two slashes in a row'
  if (segments.some((segment) => segment === '.' || segment === '..')) return 'it has dot segments'
  if (segments.some((segment) => segment !== null && ENCODED_TWICE.test(segment))) return 'it is encoded twice'
  return null
}

/** Parses `/<hash>`, `/raw/<hash>` and paths inside them; null for every other path. Call `pathFault` first. */
export function parseContentPath(path: string): ContentAddress | null {
  const match = CONTENT_FORM.exec(path)
  if (match === null) return null
  const [, raw, hash = '', inside] = match
  const address = { hash, raw: raw !== undefined }
  return inside === undefined ? address : { ...address, inside: decodePath(inside) ?? '' }
}

/** The canonical path for a text that names content in another form (upper case, base32, CID, a hash among other characters); null for none. */
export function suggestPath(path: string): string | null {
  const prefix = /^\/raw\//i.test(path) ? '/raw/' : '/'
  const text = decodeSegment(path.slice(prefix.length)) ?? ''
  const hash = hashInside(text) ?? hashOfBase32(text) ?? hashOfCid(text)
  return hash === null ? null : prefix + hash
}

function hashInside(text: string): string | null {
  const match = /(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])/i.exec(text)
  return match === null ? null : match[0].toLowerCase()
}

function hashOfBase32(text: string): string | null {
  if (!/^[a-z2-7]{52}$/i.test(text)) return null
  const key = base32.baseDecode(text.toLowerCase())
  return key.byteLength === 32 ? encodeKeyHex(key) : null
}

function hashOfCid(text: string): string | null {
  if (!/^[a-z0-9]{46,80}$/i.test(text)) return null
  try {
    return encodeKeyHex(decodeKeyCid(text))
  } catch {
    return null // no CID, or one of another hash
  }
}

function decodeSegment(segment: string): string | null {
  try {
    return decodeURIComponent(segment)
  } catch {
    return null
  }
}

/** The fault of a link that lost its end on its way, or got more letters; undefined for a path that has no hash. */
function cutFault(path: string): string | undefined {
  const [, digits] = /^\/(?:raw\/)?([0-9a-f]{16,})$/.exec(path) ?? []
  return digits && digits.length !== 64 ? `its hash has ${digits.length} digits instead of 64` : undefined
}

/** @param fault what is wrong with the path, as `pathFault` says it */
export function badAddress(path: string, fault: string): ProblemError {
  const link = suggestPath(path)
  return problemError(400, 'ERR_BAD_KEY', `That path names nothing here: ${cutFault(path) ?? fault}.`, {
    advice: 'The link of a page has a slash and 64 lower-case hex digits (0 to 9, a to f), its SHA-256. Is yours whole?',
    ...(link === null ? {} : { link }),
  })
}

/** @throws {ProblemError} 400, for a text that is not 64 lower-case hex digits */
export function requireHash(text: string): string {
  if (isKeyHex(text)) return text
  throw badAddress(`/${text}`, 'it does not end in 64 lower-case hex digits')
}

export function noBundle({ hash, raw }: ContentAddress): ProblemError {
  return problemError(404, 'ERR_NO_BUNDLE', 'There is nothing inside that content: it is a single file.', {
    link: `${raw ? '/raw' : ''}/${hash}`,
  })
}

export function deniedContent(): ProblemError {
  return problemError(410, 'ERR_DENIED', 'The operator of this gateway refuses to serve this content.')
}
