/** Sources of content in memory and in Blobs. Node.js hands in a source of its own for files. */

import { MayflyError } from '../../errors.ts'
import type { AbortOptions } from '../../types.ts'
import type { ContentSource } from '../types.ts'

export function memorySource(bytes: Uint8Array): ContentSource {
  return { size: bytes.byteLength, read: async (offset, length) => bytes.subarray(offset, offset + length) }
}

/** A browser reports a file that is gone, or (but Firefox) has changed, by a DOMException of its own: Firefox as an abort that nobody asked for. */
export function blobSource(
  blob: Pick<Blob, 'size'> & { arrayBuffer?: Blob['arrayBuffer']; slice(start: number, end: number): Pick<Blob, 'arrayBuffer'> },
): ContentSource {
  return {
    size: blob.size,
    async read(offset, length, { signal }: AbortOptions = {}) {
      signal?.throwIfAborted()
      // A slice takes a browser longer than a small file takes to be read.
      const isWhole = offset === 0 && length === blob.size && blob.arrayBuffer !== undefined
      const bytes = await (isWhole ? (blob as Blob) : blob.slice(offset, offset + length)).arrayBuffer().catch((cause: unknown) => {
        const name = blob instanceof File ? ` ${blob.name}` : ''
        throw new MayflyError('ERR_UNAVAILABLE', `Cannot read the file${name}: it has changed, or is no longer there`, { cause })
      })
      return new Uint8Array(bytes)
    },
  }
}
