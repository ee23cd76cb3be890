/** Cache of keys in the form that a crypto library imports them to: importing costs as much as half a signature. */

import { createRecentMap } from '../async/recent-map.ts'
import { equalBytes } from './key.ts'

/** Imports 32 bytes once. The cache is keyed by their value, since each message brings the same key in other bytes. Bounded: `max`, least recently used out first. */
export function createImportedKeys<T>(max: number, importKey: (bytes: Uint8Array) => T): (bytes: Uint8Array) => T {
  const kept = createRecentMap<string, T>({ maxEntries: max })
  /** The newest of them: most often it is asked for again. */
  let latest: { bytes: Uint8Array; imported: T } | undefined
  return (bytes) => {
    if (latest !== undefined && equalBytes(latest.bytes, bytes)) return latest.imported
    const imported = kept.getOrCreate(String.fromCharCode(...bytes), () => importKey(bytes))
    latest = { bytes: Uint8Array.from(bytes), imported }
    return imported
  }
}
