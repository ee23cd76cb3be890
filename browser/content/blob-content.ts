/** A file or Blob as content that reports how far it has been read, to show the progress of hashing. */

import type { ContentSource } from '../../node/index.ts'
import type { PeerLibrary } from '../peer/peer-library.ts'

/** `onRead` gets the number of bytes read from the start, each time it grows. */
export function blobContent({ blobSource }: PeerLibrary, blob: Blob, onRead?: (bytes: number) => void): ContentSource {
  const source = blobSource(blob)
  let furthest = 0
  return {
    size: source.size,
    async read(offset, length, options) {
      const bytes = await source.read(offset, length, options)
      if (offset + length > furthest) {
        furthest = offset + length
        onRead?.(furthest)
      }
      return bytes
    },
  }
}
