/**
 * Reading of content by its outline, wherever its pieces come from: each piece has been checked by then, the whole is checked here. Knows nothing of
 * a peer: a command reads so from a gateway alone.
 */

import { MayflyError } from '../errors.ts'
import { type CreateHasher, equalBytes } from '../keys/index.ts'
import type { Key } from '../types.ts'
import { type Outline, type OutlinedContent, pieceCount } from './format/outline.ts'
import type { OpenedContent } from './types.ts'

/** The most that is fetched ahead of the reader, in bytes, and in pieces. */
const AHEAD_BYTES = 8 * 1_048_576
const MAX_AHEAD = 16
/**
 * How much is fetched ahead of a reader that has just begun, in pieces. It grows by as much with each piece that the reader takes, so a
 * reader of a small part (a video's index, a cut range) costs the holders little.
 */
const FIRST_AHEAD = 2

export interface OutlinedReading {
  /** The hash of the outline, from the link. */
  expected: Key | undefined
  /** See `OpenedContent.from`. */
  from: string
  /** See `OpenOptions.bundle`. */
  bundle: Key | undefined
  /** A piece, checked by the outline. */
  getPiece: GetPiece
  /** The reader uses the piece no more. */
  free(piece: Uint8Array): void
  /** Whether the whole was checked against this outline before. */
  isProven(): boolean
  /** The whole has been read, and is right. */
  onProven(): void
  /** The whole has another SHA-256. */
  onLie(): void
  createHasher: CreateHasher
}

export function openOutlined({ key, outline, outlineHash }: OutlinedContent, reading: OutlinedReading): OpenedContent {
  const { expected, from, bundle, isProven, onProven, onLie, createHasher } = reading
  const isTrusted = () => (expected !== undefined && equalBytes(expected, outlineHash)) || isProven()
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
    async *read(part, { signal, checksWhole = false, keepsNothing = false } = {}) {
      const pieces = { get: reading.getPiece, free: keepsNothing ? reading.free : undefined }
      const isWhole = part === undefined || (part.offset === 0 && part.length >= outline.size)
      if (isProven() || (isTrusted() && (!isWhole || checksWhole))) {
        yield* readPart(outline, part?.offset ?? 0, part?.length ?? outline.size, pieces, signal)
        return
      }
      if (!isWhole) {
        throw new MayflyError(
          'ERR_UNTRUSTED',
          'Cannot read a part: only the whole can be checked, since the link does not carry the hash of the outline',
        )
      }
      // A link may lie, too: its author may have put the outline of other content beside the key.
      yield* readUntrusted(key, outline, pieces, { createHasher, onLie, signal })
      onProven()
    },
  }
}

type GetPiece = (index: number, signal: AbortSignal) => Promise<Uint8Array>

interface Pieces {
  get: GetPiece
  /** Undefined for a caller that keeps them. */
  free: OutlinedReading['free'] | undefined
}

/**
 * @throws what getting a piece throws
 * @throws signal.reason, when aborted
 */
async function* readPart(
  outline: Outline,
  offset: number,
  length: number,
  { get, free }: Pieces,
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
        const piece = get(next++, inner)
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
      free?.(piece)
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
  pieces: Pieces,
  { createHasher, onLie, signal }: { createHasher: CreateHasher; onLie(): void; signal: AbortSignal | undefined },
): AsyncGenerator<Uint8Array> {
  const whole = createHasher()
  let index = 0
  for await (const piece of readPart(outline, 0, outline.size, pieces, signal)) {
    await whole.update(piece)
    if (++index < pieceCount(outline)) yield piece
    else if (equalBytes(await whole.digest(), key)) yield piece
    else {
      onLie()
      throw new MayflyError('ERR_UNAVAILABLE', 'Cannot get content: the whole has another SHA-256, so the outline was a lie')
    }
  }
}
