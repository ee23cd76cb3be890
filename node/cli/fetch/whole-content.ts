/**
 * Reads content as a whole: checks the SHA-256 of all bytes, in addition to the check of each piece, decrypts private content with the key of
 * its link, and decodes the list of a bundle.
 */

import { createHash } from 'node:crypto'
import { MayflyError } from '../../errors.ts'
import type { AbortOptions, BundleEntry, Key, OpenedContent, UnsealedContent } from '../../index.ts'
import { equalBytes, type LinkKey } from '../../keys/index.ts'
import type { NetworkClient } from './network-client.ts'

interface UnsealOptions extends Required<AbortOptions> {
  client: NetworkClient
  linkKey: LinkKey | undefined
}

/**
 * Undefined for a link without a key. The code for encryption is loaded only for a link with one.
 *
 * @throws {MayflyError} ERR_WRONG_KEY, ERR_DAMAGED, ERR_BAD_FRAME, ERR_UNAVAILABLE
 * @throws signal.reason, when aborted
 */
export async function unseal(content: OpenedContent, { client, linkKey, signal }: UnsealOptions): Promise<UnsealedContent | undefined> {
  if (linkKey === undefined) return undefined
  const { openSealed } = await import('../../index.ts')
  const { key, outline, bundle, isTrusted } = content
  // Each record is checked by itself, so the beginning can be read by an unproved outline.
  const readable = isTrusted || outline === undefined ? content : await client.open(key, { outline, ...(bundle && { bundle }), signal })
  return openSealed(readable, linkKey, { signal })
}

/**
 * The chunks of the whole content, checked, and in plain text where it is private.
 *
 * @throws {MayflyError} ERR_UNAVAILABLE, as `checkedWhole`
 */
export async function* readWhole(
  content: OpenedContent,
  unsealed: UnsealedContent | undefined,
  options: AbortOptions,
): AsyncGenerator<Uint8Array> {
  const unsealer = unsealed?.unsealer()
  const chunks = checkedWhole(content.key, content.read(undefined, { ...options, checksWhole: true }))
  for await (const chunk of chunks) yield unsealer === undefined ? chunk : await unsealer.push(chunk)
}

/**
 * Passes the chunks on as they come, and the last one only when the SHA-256 of the whole is right: wrong content never looks complete.
 *
 * @throws {MayflyError} ERR_UNAVAILABLE
 */
export async function* checkedWhole(key: Key, chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const whole = createHash('sha256')
  let last: Uint8Array | undefined
  for await (const chunk of chunks) {
    if (last !== undefined) yield last
    whole.update(chunk)
    last = chunk
  }
  if (!equalBytes(whole.digest(), key)) throw wrongWhole()
  if (last !== undefined) yield last
}

export function wrongWhole(): MayflyError {
  return new MayflyError(
    'ERR_UNAVAILABLE',
    'Cannot get content: its pieces fit the outline that came with them, or with the link, and the whole has another SHA-256',
  )
}

/** Larger content is no bundle. The same as `MAX_BUNDLE_BYTES`, which is not here before the overlay's code is loaded. */
const LARGEST_BUNDLE_BYTES = 4_194_304
/** Every bundle begins with this, after a byte or two of CBOR. @see node/content/WIRE.md */
const MAGIC = 'mayfly-bundle'
const LOOK_BYTES = 32

/**
 * The entries of a bundle; undefined when the content is no bundle. The overlay's code, which decodes it, is loaded only for content that looks
 * like one. Of private content, the plain text is read.
 *
 * @throws {MayflyError} ERR_UNAVAILABLE; ERR_BAD_FRAME for a list that breaks the format, such as a path that leads outside
 * @throws signal.reason, when aborted
 */
export async function readBundle(
  content: OpenedContent,
  { unsealed, ...options }: Required<AbortOptions> & { unsealed?: UnsealedContent | undefined },
): Promise<BundleEntry[] | undefined> {
  if ((unsealed ?? content).size > LARGEST_BUNDLE_BYTES) return undefined
  const chunks: Uint8Array[] = []
  for await (const chunk of readWhole(content, unsealed, options)) {
    if (chunks.length === 0 && !isMaybeBundle(chunk)) return undefined
    chunks.push(chunk)
  }
  const bytes = Buffer.concat(chunks)
  const { decodeBundle, isBundle } = await import('../../index.ts')
  return isBundle(bytes) ? decodeBundle(bytes) : undefined
}

/** @param first the beginning of the content */
export function isMaybeBundle(first: Uint8Array): boolean {
  return Buffer.from(first.subarray(0, LOOK_BYTES)).includes(MAGIC)
}
