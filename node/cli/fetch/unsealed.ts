/** Content as the command reads it: opened with the link's key where the link is private, else as it is. */

import type { OpenedContent, UnsealedContent } from '../../index.ts'
import type { LinkKey } from '../../keys/index.ts'
import type { AbortOptions } from '../../types.ts'
import type { Entrance } from './entrance.ts'

export interface UnsealOptions extends Required<AbortOptions> {
  entrance: Entrance
  linkKey: LinkKey | undefined
}

/**
 * Undefined for a link without a key. What encrypts is loaded only for a link with one.
 *
 * @throws {MayflyError} ERR_WRONG_KEY, ERR_DAMAGED, ERR_BAD_FRAME, ERR_UNAVAILABLE
 * @throws signal.reason, when aborted
 */
export async function unseal(content: OpenedContent, { entrance, linkKey, signal }: UnsealOptions): Promise<UnsealedContent | undefined> {
  if (linkKey === undefined) return undefined
  const { openSealed } = await import('../../index.ts')
  const { key, outline, isTrusted } = content
  // Each record is checked by itself, so its beginning can be read by the outline as the holder tells it.
  const readable = isTrusted || outline === undefined ? content : await entrance.open(key, { outline, signal })
  return openSealed(readable, linkKey, { signal })
}

/** What the chunks of the whole content say. */
export async function* plainChunks(chunks: AsyncIterable<Uint8Array>, unsealed: UnsealedContent | undefined): AsyncGenerator<Uint8Array> {
  const unsealer = unsealed?.unsealer()
  for await (const chunk of chunks) yield unsealer === undefined ? chunk : await unsealer.push(chunk)
}
