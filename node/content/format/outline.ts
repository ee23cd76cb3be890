/**
 * Outlines of content that is larger than one piece: its size and the SHA-256 of each piece. Pure; the layout is in WIRE.md. The piece
 * size follows from the content's size, so the same content has the same outline everywhere, and a link can carry the outline's hash.
 */

import { concatBytes } from '@noble/hashes/utils.js'
import { decode, encode } from 'cborg'
import { MayflyError } from '../../errors.ts'
import { type CreateHasher, KEY_BYTES, sha256 } from '../../keys/index.ts'
import type { AbortOptions, Key } from '../../types.ts'
import type { ContentSource } from '../types.ts'

export interface Outline {
  /** Size of the whole, in bytes. */
  size: number
  /** Size of each piece but the last, in bytes. */
  pieceBytes: number
  /** The SHA-256 of each piece, one after the other. */
  hashes: Uint8Array
}

/** Content that is larger than one piece, with its outline. */
export interface OutlinedContent {
  key: Key
  outline: Outline
  /** The outline as it travels. */
  outlineBytes: Uint8Array
  /** The SHA-256 of `outlineBytes`. A link carries it. */
  outlineHash: Key
}

/** Content that fits in one piece has no outline. */
export type MaybeOutlined = OutlinedContent | { key: Key; outline?: undefined; outlineBytes?: undefined; outlineHash?: undefined }

/** The smallest piece, and the largest content that travels whole, in bytes. */
export const MIN_PIECE_BYTES = 262_144
/** The largest piece, in bytes. It stays in memory until it is checked. */
export const MAX_PIECE_BYTES = 16_777_216
/** An outline has at most 131,072 bytes of hashes, so it travels whole itself. */
export const MAX_PIECES = 4_096
/** The largest content that an outline can describe, in bytes. */
export const MAX_OUTLINED_BYTES = MAX_PIECE_BYTES * MAX_PIECES
export const MAX_OUTLINE_BYTES = MAX_PIECES * KEY_BYTES + 64

const OUTLINE_VERSION = 1
const SWARM_DOMAIN = new TextEncoder().encode('mayfly/swarm/1\n')

/**
 * The piece size: the smallest power of two, from 256 KiB on, that makes at most 4,096 pieces.
 *
 * @throws {MayflyError} ERR_TOO_LARGE
 */
export function pieceBytesFor(size: number): number {
  if (size > MAX_OUTLINED_BYTES) throw new MayflyError('ERR_TOO_LARGE', `${size} bytes is over the limit of ${MAX_OUTLINED_BYTES}`)
  let pieceBytes = MIN_PIECE_BYTES
  while (size > pieceBytes * MAX_PIECES) pieceBytes *= 2
  return pieceBytes
}

export function pieceCount({ size, pieceBytes }: Pick<Outline, 'size' | 'pieceBytes'>): number {
  return Math.ceil(size / pieceBytes)
}

export function pieceSize({ size, pieceBytes }: Pick<Outline, 'size' | 'pieceBytes'>, index: number): number {
  return Math.min(pieceBytes, size - index * pieceBytes)
}

export function pieceHash({ hashes }: Outline, index: number): Key {
  return hashes.subarray(index * KEY_BYTES, (index + 1) * KEY_BYTES)
}

export function encodeOutline({ size, pieceBytes, hashes }: Outline): Uint8Array {
  return encode([OUTLINE_VERSION, size, pieceBytes, hashes])
}

/** @throws {MayflyError} ERR_BAD_FRAME */
export function decodeOutline(bytes: Uint8Array): Outline {
  try {
    if (bytes.byteLength > MAX_OUTLINE_BYTES) throw new Error(`longer than ${MAX_OUTLINE_BYTES} bytes`)
    const fields = decode(bytes, { strict: true }) as unknown[]
    const [version, size, pieceBytes, hashes] = fields
    if (fields.length !== 4 || version !== OUTLINE_VERSION) throw new Error(`version ${String(version)}`)
    if (!Number.isSafeInteger(size) || (size as number) < 0) throw new Error('size')
    if (pieceBytes !== pieceBytesFor(size as number)) throw new Error('a piece size that does not follow from the size')
    if (!(hashes instanceof Uint8Array) || hashes.byteLength !== pieceCount({ size: size as number, pieceBytes }) * KEY_BYTES) {
      throw new Error('another number of hashes than of pieces')
    }
    return { size: size as number, pieceBytes, hashes: hashes.slice() }
  } catch (cause) {
    throw new MayflyError('ERR_BAD_FRAME', `Not an outline: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
  }
}

/**
 * Reads content once and computes its key and, when it is larger than one piece, its outline.
 *
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
    const [hash] = await Promise.all([sha256(piece), whole.update(piece)])
    outline.hashes.set(hash, index * KEY_BYTES)
  }
  const outlineBytes = encodeOutline(outline)
  return { key: await whole.digest(), outline, outlineBytes, outlineHash: await sha256(outlineBytes) }
}

/**
 * The key that downloaders of content hold: they have some of its pieces, or will have. It is the SHA-256 of `mayfly/swarm/1`, a line feed and
 * the SHA-256 of the outline. Holders of the whole hold the content's own key.
 */
export function swarmKey(outlineHash: Key): Promise<Key> {
  return sha256(concatBytes(SWARM_DOMAIN, outlineHash))
}
