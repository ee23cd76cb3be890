/** Opens found content for reading, from memory or piece by piece. Reading the whole also proves its outline. */

import { MayflyError } from '../errors.ts'
import { type CreateHasher, equalBytes } from '../keys/index.ts'
import type { Key } from '../types.ts'
import type { Fetched, FetchedOutline, Fetcher } from './fetch/fetcher.ts'
import type { HeldContents } from './held-contents.ts'
import type { KnownOutlines } from './memory/known-outlines.ts'
import { type GetPiece, readPart, readUntrusted } from './reading.ts'
import type { FetchedContent, OpenedContent } from './types.ts'

export interface OpeningContext {
  held: Pick<HeldContents, 'get'>
  outlines: KnownOutlines
  readPiece(content: FetchedOutline, index: number, signal: AbortSignal): Promise<Uint8Array>
  distrust: Fetcher['distrust']
  createHasher: CreateHasher
}

/** @param expected the hash of the outline, from the link */
export function openFetched(found: Fetched, expected: Key | undefined, context: OpeningContext): OpenedContent {
  return 'bytes' in found ? openWhole(found) : openOutlined(found, expected, context)
}

function openWhole({ key, bytes, from }: FetchedContent): OpenedContent {
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

function openOutlined(
  found: FetchedOutline,
  expected: Key | undefined,
  { held, outlines, readPiece, distrust, createHasher }: OpeningContext,
): OpenedContent {
  const { key, from, outline, outlineHash } = found
  const onLie = () => distrust({ peer: from, holder: from }, key, 'an outline that is not of the content')
  const getPiece: GetPiece = (index, signal) => readPiece(found, index, signal)
  const isHash = (known: Key | undefined) => known !== undefined && equalBytes(known, outlineHash)
  /** This peer has checked the whole against this outline, when it held or read the content. */
  const isProven = () => isHash(held.get(key)?.outlineHash) || isHash(outlines.trusted(key))
  const isTrusted = () => isHash(expected) || isProven()
  return {
    key,
    size: outline.size,
    outline: outlineHash,
    pieces: { bytes: outline.pieceBytes, hashes: outline.hashes },
    get isTrusted() {
      return isTrusted()
    },
    from,
    async *read(part, { signal } = {}) {
      const isWhole = part === undefined || (part.offset === 0 && part.length >= outline.size)
      if (isProven() || (isTrusted() && !isWhole)) {
        yield* readPart(outline, part?.offset ?? 0, part?.length ?? outline.size, getPiece, signal)
        return
      }
      if (!isWhole) {
        throw new MayflyError(
          'ERR_UNTRUSTED',
          'Cannot read a part: only the whole can be checked, since the link does not carry the hash of the outline',
        )
      }
      // A link may lie, too: its author may have put the outline of other content beside the key.
      yield* readUntrusted(key, outline, getPiece, { createHasher, onLie, signal })
      outlines.trust(key, outlineHash)
    },
  }
}
