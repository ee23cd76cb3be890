/** Assembles the chunks of one reply, and judges them by size. Whether the bytes are right is for the caller, who knows the key. */

import { MAX_OUTLINE_BYTES } from '../format/outline.ts'
import { CHUNK_BYTES, type ChunkFrame, type OutlineChunkFrame } from './wire.ts'

/** The bytes that may come: content that travels whole or an outline, or one piece of a known size. */
export type ExpectedBytes = { maxBytes: number } | { pieceBytes: number }

export type AssembledBytes = { bytes: Uint8Array } | { outline: Uint8Array }

/** Takes the next chunk. Returns the whole with the last one, and how a chunk breaks the rules. */
export type ChunkAssembly = (chunk: ChunkFrame | OutlineChunkFrame) => AssembledBytes | { broken: string } | undefined

export function createChunkAssembly(expected: ExpectedBytes): ChunkAssembly {
  /** As the first chunk says. The buffer is made then, so that each byte is copied once. */
  let promised: { type: 'chunk' | 'outline-chunk'; total: number; whole: Uint8Array } | undefined
  let received = 0

  function breach({ type, total, bytes }: ChunkFrame | OutlineChunkFrame): string | undefined {
    if (promised !== undefined && (total !== promised.total || type !== promised.type))
      return 'it changed the size or the kind of its answer while sending'
    if ('pieceBytes' in expected && (total !== expected.pieceBytes || type !== 'chunk'))
      return `${total} bytes instead of a piece of ${expected.pieceBytes}`
    const most = type === 'outline-chunk' ? MAX_OUTLINE_BYTES : 'maxBytes' in expected ? expected.maxBytes : expected.pieceBytes
    if (total > most) return `${total} bytes is over the limit of ${most}`
    if (received + bytes.byteLength > total) return `more bytes than the ${total} it promised`
    // Crumbs would keep an answer alive for ever, and cost more memory than their bytes.
    if (bytes.byteLength !== Math.min(CHUNK_BYTES, total - received)) return `a chunk of ${bytes.byteLength} bytes, not of ${CHUNK_BYTES}`
    return undefined
  }

  return (chunk) => {
    const broken = breach(chunk)
    if (broken !== undefined) return { broken }
    const { type, total, bytes } = chunk
    promised ??= { type, total, whole: new Uint8Array(total) }
    const { whole } = promised
    whole.set(bytes, received)
    received += bytes.byteLength
    if (received < total) return undefined
    return type === 'chunk' ? { bytes: whole } : { outline: whole }
  }
}
