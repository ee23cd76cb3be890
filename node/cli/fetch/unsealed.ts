/**
 * The last steps before bytes leave the command: the SHA-256 of the whole, in addition to the check of each piece, and the decryption of
 * private content with the key of its link.
 */

import { createHash } from 'node:crypto'
import { MayflyError } from '../../errors.ts'
import type { OpenedContent, UnsealedContent } from '../../index.ts'
import { equalBytes, type LinkKey } from '../../keys/index.ts'
import type { AbortOptions, Key } from '../../types.ts'
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
  const { key, outline, isTrusted } = content
  // Each record is checked by itself, so the beginning can be read by an unproved outline.
  const readable = isTrusted || outline === undefined ? content : await client.open(key, { outline, signal })
  return openSealed(readable, linkKey, { signal })
}

/** The plain text of the whole content; without `unsealed`, the chunks themselves. */
export async function* plainChunks(chunks: AsyncIterable<Uint8Array>, unsealed: UnsealedContent | undefined): AsyncGenerator<Uint8Array> {
  const unsealer = unsealed?.unsealer()
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
