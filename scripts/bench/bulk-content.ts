/**
 * Large content that nobody stores: the same bytes for the same seed, made where they are read, at the speed of copying. No two of its
 * cells are equal, so that a system which keeps equal blocks once has no less to carry. Runs in pages, too.
 */

import type { ContentSource } from '../../node/index.ts'

export interface BulkContent {
  /** In bytes. */
  size: number
  /** Another seed is other content, so that no cache can help. */
  seed: number
}

/** A cell begins with the seed and its number (32 bits each, little endian); behind them the same bytes stand in each. */
const CELL_BYTES = 65_536
const HEAD_BYTES = 8

const pattern = makePattern()

export function bulkSource({ size, seed }: BulkContent): ContentSource {
  return { size, read: async (offset, length) => bulkBytes(seed, offset, length) }
}

export function bulkBytes(seed: number, offset: number, length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length)
  const end = offset + length
  for (let cell = Math.floor(offset / CELL_BYTES); cell * CELL_BYTES < end; cell++) {
    const start = cell * CELL_BYTES
    const from = Math.max(offset, start)
    bytes.set(pattern.subarray(from - start, Math.min(end, start + CELL_BYTES) - start), from - offset)
    for (let i = from; i < Math.min(end, start + HEAD_BYTES); i++) bytes[i - offset] = headByte(seed, cell, i - start)
  }
  return bytes
}

/** Yields the content in parts of this many bytes. */
export function* bulkParts({ size, seed }: BulkContent, partBytes: number): Generator<Uint8Array<ArrayBuffer>> {
  for (let offset = 0; offset < size; offset += partBytes) yield bulkBytes(seed, offset, Math.min(partBytes, size - offset))
}

/** Compares a few bytes only, as the transport has verified them all: they are of this content, and at the right place. */
export function isBulkPart(seed: number, offset: number, bytes: Uint8Array): boolean {
  const firstHead = Math.ceil(offset / CELL_BYTES) * CELL_BYTES
  const places = [offset, offset + bytes.byteLength - 1]
  if (firstHead + HEAD_BYTES <= offset + bytes.byteLength) for (let i = 0; i < HEAD_BYTES; i++) places.push(firstHead + i)
  return places.every((place) => bytes[place - offset] === byteAt(seed, place))
}

function byteAt(seed: number, place: number): number {
  const inCell = place % CELL_BYTES
  return inCell < HEAD_BYTES ? headByte(seed, Math.floor(place / CELL_BYTES), inCell) : (pattern[inCell] as number)
}

function headByte(seed: number, cell: number, index: number): number {
  return ((index < 4 ? seed : cell) >>> (8 * (index % 4))) & 0xff
}

/** A multiplicative generator: nothing here is worth compressing. */
function makePattern(): Uint8Array {
  const bytes = new Uint8Array(CELL_BYTES)
  let state = 1
  for (let i = 0; i < CELL_BYTES; i++) {
    state = Math.imul(state, 1_664_525) + 1_013_904_223
    bytes[i] = state >>> 24
  }
  return bytes
}
