/** Keys in the form that a crypto library imports them to, kept for the next use: importing costs as much as half a signature. */

import { equalBytes } from '../../keys/index.ts'

/**
 * Answers for 32 bytes what `importKey` made of them. It is kept by their value, since the same key comes in other bytes with each message.
 * Bounded: `max`, the longest unused out first.
 */
export function createImportedKeys<T>(max: number, importKey: (bytes: Uint8Array) => T): (bytes: Uint8Array) => T {
  const kept = new Map<string, T>()
  /** The last of the map: most often it is asked for again. */
  let latest: { bytes: Uint8Array; imported: T } | undefined
  return (bytes) => {
    if (latest !== undefined && equalBytes(latest.bytes, bytes)) return latest.imported
    const name = String.fromCharCode(...bytes)
    const imported = kept.get(name) ?? importKey(bytes)
    kept.delete(name)
    kept.set(name, imported)
    for (const oldest of kept.keys()) {
      if (kept.size <= max) break
      kept.delete(oldest)
    }
    latest = { bytes: Uint8Array.from(bytes), imported }
    return imported
  }
}
