/** Opens content that a peer has found for reading, from memory or piece by piece. Reading the whole also proves its outline. */

import { type CreateHasher, equalBytes } from '../keys/index.ts'
import type { Key } from '../types.ts'
import type { Fetched, FetchedOutline, Fetcher } from './fetch/fetcher.ts'
import type { HeldContents } from './held-contents.ts'
import type { KnownOutlines } from './memory/known-outlines.ts'
import { openOutlined } from './outlined-reading.ts'
import type { OpenedContent } from './types.ts'

interface OpeningContext {
  held: Pick<HeldContents, 'store'>
  outlines: KnownOutlines
  readPiece(content: FetchedOutline, index: number, signal: AbortSignal): Promise<Uint8Array>
  freePiece(piece: Uint8Array): void
  distrust: Fetcher['distrust']
  createHasher: CreateHasher
}

/** @param expected the hash of the outline, from the link */
export function openFetched(found: Fetched, expected: Key | undefined, context: OpeningContext): OpenedContent {
  if ('outline' in found) return openOfPeer(found, expected, context)
  const { key, bytes, from } = found
  return {
    key,
    bytes,
    size: bytes.byteLength,
    isTrusted: true,
    from,
    async *read({ offset, length } = { offset: 0, length: bytes.byteLength }) {
      if (length > 0) yield bytes.subarray(offset, offset + length)
    },
  }
}

function openOfPeer(found: FetchedOutline, expected: Key | undefined, context: OpeningContext): OpenedContent {
  const { held, outlines, readPiece, freePiece, distrust, createHasher } = context
  const { key, from, outlineHash, bundle } = found
  const isHash = (known: Key | undefined) => known !== undefined && equalBytes(known, outlineHash)
  return openOutlined(found, {
    expected,
    from,
    bundle,
    getPiece: (index, signal) => readPiece(found, index, signal),
    free: freePiece,
    /** This peer has checked the whole against this outline, when it held or read the content. */
    isProven: () => isHash(held.store.get(key)?.outlineHash) || isHash(outlines.trusted(key)),
    onProven: () => outlines.trust(key, outlineHash),
    onLie: () => distrust({ peer: from, holder: from }, key, 'an outline that is not of the content'),
    createHasher,
  })
}
