/** The files of a bundle with hashes as text, for the views. The library defines the format. */

import type { PeerLibrary } from '../peer/types.ts'

export interface BundleFile {
  path: string
  /** In bytes, according to the bundle. */
  size: number
  hash: string
  outline?: string
}

/** Undefined when the bytes are not a valid bundle. */
export function readBundleFiles({ isBundle, decodeBundle, encodeKeyHex }: PeerLibrary, bytes: Uint8Array): BundleFile[] | undefined {
  if (!isBundle(bytes)) return undefined
  try {
    return decodeBundle(bytes).map(({ path, size, key, outline }) => ({
      path,
      size,
      hash: encodeKeyHex(key),
      ...(outline && { outline: encodeKeyHex(outline) }),
    }))
  } catch {
    return undefined
  }
}

export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}
