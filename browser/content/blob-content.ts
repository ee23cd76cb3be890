/** A file or Blob as content that says how much of it has been read for the first time: so hashing shows its progress. */

import type { ContentSource } from '../../node/index.ts'
import type { PeerLibrary } from '../peer/peer-session.ts'

/** `onRead` hears the bytes read from the start so far; a later reading of the same bytes is not told. */
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
