/** A store in memory for the contents of a share, and their plain bytes. */

import type { PieceStore } from '../../node/index.ts'
import { openSealed } from '../../node/index.ts'
import type { FetchShape } from '../../node/sharing/types.ts'

export interface MemoryStore extends PieceStore {
  readonly written: number
  plain(): Promise<Uint8Array>
}

export function createMemoryStore({ size, pieceBytes, linkKey }: FetchShape): MemoryStore {
  const count = Math.max(1, Math.ceil(size / Math.max(1, pieceBytes)))
  const have = new Uint8Array(Math.ceil(count / 8))
  const pieces = new Map<number, Uint8Array>()
  let written = 0
  const travelled = () => Buffer.concat(Array.from({ length: count }, (_, index) => pieces.get(index) ?? new Uint8Array()))
  return {
    have,
    get written() {
      return written
    },
    async write(index, bytes) {
      pieces.set(index, bytes)
      written += bytes.byteLength
      have[index >> 3] = (have[index >> 3] ?? 0) | (0x80 >> (index & 7))
    },
    read: async (index) => pieces.get(index) ?? new Uint8Array(),
    async plain() {
      const sealed = travelled()
      if (linkKey === undefined) return sealed
      const content = {
        size: sealed.byteLength,
        async *read({ offset, length } = { offset: 0, length: sealed.byteLength }) {
          yield new Uint8Array(sealed.subarray(offset, offset + length))
        },
      }
      const opened = await openSealed(content, linkKey)
      const chunks: Uint8Array[] = []
      for await (const chunk of opened.read()) chunks.push(chunk)
      return Buffer.concat(chunks)
    },
  }
}
