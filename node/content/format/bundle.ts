/**
 * Bundles: named files under one key. A bundle is a small canonical list that is itself content; each file is content under its own
 * hash. The same files make the same bundle everywhere. Pure; the layout is in WIRE.md.
 */

import { decode, encode } from 'cborg'
import { MayflyError } from '../../errors.ts'
import { KEY_BYTES } from '../../keys/index.ts'
import type { Key } from '../../types.ts'

export interface BundleEntry {
  /** As in a URL, decoded: parts joined by '/', none of them empty, '.' or '..'. */
  path: string
  /** In bytes. */
  size: number
  /** Media type; empty when it is guessed from the bytes. */
  type: string
  key: Key
  /** The SHA-256 of the file's outline, where it is larger than one piece. */
  outline?: Key
}

/** The media type of a bundle. Private content names it, too. */
export const BUNDLE_MEDIA_TYPE = 'application/vnd.mayfly.bundle'
export const MAX_BUNDLE_ENTRIES = 10_000
export const MAX_BUNDLE_BYTES = 4_194_304
/** A whole path, and one part of it, in bytes of UTF-8. */
export const MAX_PATH_BYTES = 1_024
export const MAX_PATH_PART_BYTES = 255
const MAX_TYPE_LENGTH = 127

const MAGIC = 'mayfly-bundle'
const VERSION = 1
const utf8 = new TextEncoder()

/** Why a path cannot name a file; undefined when it can. */
export function refusePath(path: string): string | undefined {
  if (path === '') return 'an empty path'
  if (!path.isWellFormed()) return 'a path that is no Unicode text'
  if (utf8.encode(path).byteLength > MAX_PATH_BYTES) return `a path of more than ${MAX_PATH_BYTES} bytes`
  for (const part of path.split('/')) {
    if (part === '' || part === '.' || part === '..') return `a path with the part ${JSON.stringify(part)}`
    if (utf8.encode(part).byteLength > MAX_PATH_PART_BYTES) return `a name of more than ${MAX_PATH_PART_BYTES} bytes`
    if (/[\u0000-\u001f\u007f\\]/.test(part)) return `a name with a control character or a backslash: ${JSON.stringify(part)}`
  }
  return undefined
}

/** Compares by the bytes of UTF-8, which every language can do. */
function comparePaths(a: BundleEntry, b: BundleEntry): number {
  const [x, y] = [utf8.encode(a.path), utf8.encode(b.path)]
  for (let i = 0; i < Math.min(x.byteLength, y.byteLength); i++) {
    const difference = (x[i] ?? 0) - (y[i] ?? 0)
    if (difference !== 0) return difference
  }
  return x.byteLength - y.byteLength
}

/** @throws {MayflyError} ERR_BAD_OPTION for a path that cannot name a file, or occurs twice, and for what is no media type; ERR_TOO_LARGE, ERR_LIMIT */
export function encodeBundle(entries: readonly BundleEntry[]): Uint8Array {
  if (entries.length > MAX_BUNDLE_ENTRIES) {
    throw new MayflyError('ERR_LIMIT', `Cannot make a bundle: ${entries.length} files is over the limit of ${MAX_BUNDLE_ENTRIES}`)
  }
  const sorted = entries.toSorted(comparePaths)
  for (const [i, { path, type }] of sorted.entries()) {
    const isTwice = sorted[i - 1]?.path === path
    const refused = refusePath(path) ?? (isTwice ? `${JSON.stringify(path)} twice` : isType(type) ? undefined : `the media type ${type}`)
    if (refused !== undefined) throw new MayflyError('ERR_BAD_OPTION', `Cannot make a bundle: ${refused}`)
  }
  const bytes = encode([MAGIC, VERSION, sorted.map(({ path, size, type, key, outline }) => [path, size, type, key, outline ?? null])])
  if (bytes.byteLength > MAX_BUNDLE_BYTES) {
    throw new MayflyError(
      'ERR_TOO_LARGE',
      `Cannot make a bundle: a list of ${bytes.byteLength} bytes is over the limit of ${MAX_BUNDLE_BYTES}`,
    )
  }
  return bytes
}

const PREFIX = encode([MAGIC, VERSION, []]).subarray(0, MAGIC.length + 3)

/** True when the bytes begin as a bundle does; decoding them may still fail. */
export function isBundle(bytes: Uint8Array): boolean {
  return bytes.byteLength > PREFIX.byteLength && PREFIX.every((byte, i) => bytes[i] === byte)
}

/** @throws {MayflyError} ERR_BAD_FRAME */
export function decodeBundle(bytes: Uint8Array): BundleEntry[] {
  try {
    if (bytes.byteLength > MAX_BUNDLE_BYTES) throw new Error(`longer than ${MAX_BUNDLE_BYTES} bytes`)
    const fields = decode(bytes, { strict: true }) as unknown[]
    const [magic, version, list] = fields
    if (fields.length !== 3 || magic !== MAGIC || version !== VERSION || !Array.isArray(list)) throw new Error('another format')
    if (list.length > MAX_BUNDLE_ENTRIES) throw new Error(`more than ${MAX_BUNDLE_ENTRIES} files`)
    const entries = list.map(readEntry)
    for (const [i, entry] of entries.entries()) {
      const before = entries[i - 1]
      if (before !== undefined && comparePaths(before, entry) >= 0) throw new Error('paths out of order')
    }
    return entries
  } catch (cause) {
    throw new MayflyError('ERR_BAD_FRAME', `Not a bundle: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
  }
}

function readEntry(value: unknown): BundleEntry {
  if (!Array.isArray(value) || value.length !== 5) throw new Error('an entry of five fields was expected')
  const [path, size, type, key, outline] = value as unknown[]
  if (typeof path !== 'string') throw new Error('a path was expected')
  const refused = refusePath(path)
  if (refused !== undefined) throw new Error(refused)
  if (!Number.isSafeInteger(size) || (size as number) < 0) throw new Error('a size was expected')
  if (typeof type !== 'string' || !isType(type)) throw new Error('a media type was expected')
  if (!isKey(key) || (outline !== null && !isKey(outline))) throw new Error('hashes were expected')
  return { path, size: size as number, type, key: key.slice(), ...(outline !== null && { outline: outline.slice() }) }
}

function isType(type: string): boolean {
  return type.length <= MAX_TYPE_LENGTH && /^([\w.+-]+\/[\w.+-]+)?$/.test(type)
}

function isKey(value: unknown): value is Key {
  return value instanceof Uint8Array && value.byteLength === KEY_BYTES
}
