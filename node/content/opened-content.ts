/** Opens found content for reading, from memory or piece by piece. Reading the whole also proves its outline. */

import { MayflyError } from '../errors.ts'
import { type CreateHasher, equalBytes } from '../keys/index.ts'
import type { Key } from '../types.ts'
import type { Fetched, FetchedOutline, Fetcher } from './fetch/fetcher.ts'
import { type Outline, pieceCount } from './format/outline.ts'
import type { HeldContents } from './held-contents.ts'
import type { KnownOutlines } from './memory/known-outlines.ts'
import type { OpenedContent } from './types.ts'

/** The most that is fetched ahead of the reader, in bytes, and in pieces. */
const AHEAD_BYTES = 8 * 1_048_576
const MAX_AHEAD = 16
/**
 * How much is fetched ahead of a reader that has just begun, in pieces. It grows by as much with each piece that the reader takes, so a
 * reader of a small part (a video's index, a cut range) costs the holders little.
 */
const FIRST_AHEAD = 2

interface OpeningContext {
  held: Pick<HeldContents, 'store'>
  outlines: KnownOutlines
  readPiece(content: FetchedOutline, index: number, signal: AbortSignal): Promise<Uint8Array>
  distrust: Fetcher['distrust']
  createHasher: CreateHasher
}

/** @param expected the hash of the outline, from the link */
export function openFetched(found: Fetched, expected: Key | undefined, context: OpeningContext): OpenedContent {
  if ('outline' in found) return openOutlined(found, expected, context)
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

function openOutlined(found: FetchedOutline, expected: Key | undefined, context: OpeningContext): OpenedContent {
  const { held, outlines, readPiece, distrust, createHasher } = context
  const { key, from, outline, outlineHash, bundle } = found
  const onLie = () => distrust({ peer: from, holder: from }, key, 'an outline that is not of the content')
  const getPiece: GetPiece = (index, signal) => readPiece(found, index, signal)
  const isHash = (known: Key | undefined) => known !== undefined && equalBytes(known, outlineHash)
  /** This peer has checked the whole against this outline, when it held or read the content. */
  const isProven = () => isHash(held.store.get(key)?.outlineHash) || isHash(outlines.trusted(key))
  const isTrusted = () => isHash(expected) || isProven()
  return {
    key,
    size: outline.size,
    outline: outlineHash,
    bundle,
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

type GetPiece = (index: number, signal: AbortSignal) => Promise<Uint8Array>

/**
 * @throws what `getPiece` throws
 * @throws signal.reason, when aborted
 */
async function* readPart(
  outline: Outline,
  offset: number,
  length: number,
  getPiece: GetPiece,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array> {
  if (length === 0) return
  const { pieceBytes } = outline
  const stop = new AbortController()
  const inner = signal === undefined ? stop.signal : AbortSignal.any([signal, stop.signal])
  const last = Math.floor((offset + length - 1) / pieceBytes)
  const mostAhead = Math.min(MAX_AHEAD, Math.max(FIRST_AHEAD, Math.floor(AHEAD_BYTES / pieceBytes)))
  let ahead = FIRST_AHEAD
  const coming: Promise<Uint8Array>[] = []
  let next = Math.floor(offset / pieceBytes)
  try {
    for (let index = next; index <= last; index++) {
      while (next <= last && coming.length < ahead) {
        const piece = getPiece(next++, inner)
        piece.catch(() => {})
        coming.push(piece)
      }
      const piece = await coming.shift()
      if (piece === undefined) return
      signal?.throwIfAborted()
      const start = index * pieceBytes
      const from = Math.max(offset - start, 0)
      const to = Math.min(offset + length - start, piece.byteLength)
      yield from === 0 && to === piece.byteLength ? piece : piece.subarray(from, to)
      ahead = Math.min(mostAhead, ahead + FIRST_AHEAD)
    }
  } finally {
    stop.abort(new Error('the reader has left'))
  }
}

/**
 * Reads the whole by an outline that is only its sender's claim. Yields each piece but the last as it comes, and the last one when the
 * whole has the right SHA-256.
 *
 * @throws {MayflyError} ERR_UNAVAILABLE when it has not
 */
async function* readUntrusted(
  key: Key,
  outline: Outline,
  getPiece: GetPiece,
  { createHasher, onLie, signal }: { createHasher: CreateHasher; onLie(): void; signal: AbortSignal | undefined },
): AsyncGenerator<Uint8Array> {
  const whole = createHasher()
  let index = 0
  for await (const piece of readPart(outline, 0, outline.size, getPiece, signal)) {
    await whole.update(piece)
    if (++index < pieceCount(outline)) yield piece
    else if (equalBytes(await whole.digest(), key)) yield piece
    else {
      onLie()
      throw new MayflyError('ERR_UNAVAILABLE', 'Cannot get content: the whole has another SHA-256, so the outline was a lie')
    }
  }
}
