/** Reads content once and computes its key and, when it is larger than one piece, its outline. */

import { type CreateHasher, KEY_BYTES, sha256 } from '../../keys/index.ts'
import type { AbortOptions } from '../../types.ts'
import type { ContentSource } from '../types.ts'
import { encodeOutline, type MaybeOutlined, type Outline, pieceBytesFor, pieceCount, pieceSize } from './outline.ts'

/**
 * @throws {MayflyError} ERR_TOO_LARGE
 * @throws signal.reason, when aborted
 * @throws what the source throws
 */
export async function outlineSource(
  source: ContentSource,
  maxPieceBytes: number,
  createHasher: CreateHasher,
  { signal }: AbortOptions = {},
): Promise<MaybeOutlined> {
  const { size } = source
  if (size <= maxPieceBytes) return { key: await sha256(await source.read(0, size, signal ? { signal } : {})) }
  const pieceBytes = pieceBytesFor(size)
  const outline: Outline = { size, pieceBytes, hashes: new Uint8Array(pieceCount({ size, pieceBytes }) * KEY_BYTES) }
  const whole = createHasher()
  for (let index = 0; index < pieceCount(outline); index++) {
    signal?.throwIfAborted()
    const piece = await source.read(index * pieceBytes, pieceSize(outline, index), signal ? { signal } : {})
    // WebCrypto computes the piece's hash on another thread while this one goes on with the hash of the whole.
    const pieceHash = sha256(piece)
    await whole.update(piece)
    outline.hashes.set(await pieceHash, index * KEY_BYTES)
  }
  const outlineBytes = encodeOutline(outline)
  return { key: await whole.digest(), outline, outlineBytes, outlineHash: await sha256(outlineBytes) }
}
