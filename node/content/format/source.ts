/** Sources of content in memory and in Blobs. Node.js hands in a source of its own for files. */

import type { AbortOptions } from '../../types.ts'
import type { ContentSource } from '../types.ts'

export function memorySource(bytes: Uint8Array): ContentSource {
  return { size: bytes.byteLength, read: async (offset, length) => bytes.subarray(offset, offset + length) }
}

export function blobSource(blob: Blob): ContentSource {
  return {
    size: blob.size,
    async read(offset, length, { signal }: AbortOptions = {}) {
      signal?.throwIfAborted()
      return new Uint8Array(await blob.slice(offset, offset + length).arrayBuffer())
    },
  }
}
