/** The cipher text of a private page: from this tab, or through the peer. It is never requested from the gateway, which could not show it. */

import type { OpenedContent } from '../../node/index.ts'
import { readOpened } from '../content/raw-content.ts'
import { blobOf } from '../content/save-content.ts'
import type { PageVisitOptions } from './page-visit.ts'

export interface CipherText {
  content: Pick<OpenedContent, 'size' | 'read'>
  bytes?: Uint8Array | undefined
}

export type FindCipherTextOptions = Required<Pick<PageVisitOptions, 'route' | 'session' | 'holdings' | 'joinTimeoutMs'>>

/**
 * @throws {MayflyError} ERR_NO_HOLDER, ERR_UNAVAILABLE, ERR_NO_NETWORK, ERR_TOO_LARGE
 * @throws signal.reason, when aborted
 */
export async function findCipherText(options: FindCipherTextOptions, signal: AbortSignal): Promise<CipherText> {
  const { route, session, holdings, joinTimeoutMs } = options
  const { hash, outline } = route
  const [{ decodeKeyHex }, peer] = await Promise.all([session.library(), session.peer({ signal })])
  const kept = holdings.keptBytes(hash)
  if (kept) return inMemory(kept)
  if (!holdings.has(hash)) await peer.joined({ signal: AbortSignal.any([signal, AbortSignal.timeout(joinTimeoutMs)]) })
  const key = decodeKeyHex(hash)
  const found = await peer.content.open(key, { signal, ...(outline && { outline: decodeKeyHex(outline) }) })
  const bytes = await readOpened(found, peer.status().limits.maxPieceBytes, signal)
  if (bytes) return inMemory(bytes)
  // Decryption checks each record by itself, so an outline that only a holder vouches for is enough.
  return { content: found.isTrusted || !found.outline ? found : await peer.content.open(key, { signal, outline: found.outline }) }
}

export async function bytesOf(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  return new Uint8Array(await (await blobOf(chunks, '')).arrayBuffer())
}

function inMemory(bytes: Uint8Array): CipherText {
  const content: CipherText['content'] = {
    size: bytes.byteLength,
    async *read({ offset, length } = { offset: 0, length: bytes.byteLength }) {
      yield bytes.subarray(offset, offset + length)
    },
  }
  return { content, bytes }
}
