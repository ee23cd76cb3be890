/** Where a holder's bytes come from: memory, a Blob of the page's, or (handed in by Node.js) a file that is not copied. */

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
