/** The files of a bundle as the views need them: with hashes as text. The format itself is the library's. */

import type { PeerLibrary } from '../peer/peer-session.ts'

export interface BundleFile {
  path: string
  /** In bytes, as the bundle says. */
  size: number
  hash: string
  outline?: string
}

/** Undefined for bytes that are no bundle, whatever they begin with. */
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
