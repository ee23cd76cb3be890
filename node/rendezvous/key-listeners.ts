/** Listeners for changes at keys. */

import { encodeKeyHex } from '../keys/index.ts'
import type { Key } from '../types.ts'

export function createKeyListeners() {
  /** By key, hex. Bounded by those who listen, who end it. */
  const listeners = new Map<string, Set<() => void>>()
  return {
    /** @param id the key, hex */
    notify(id: string): void {
      for (const listener of [...(listeners.get(id) ?? [])]) listener()
    },
    /** Hears after each change of the key's holders. Returns the function that ends it. */
    onChange(key: Key, listener: () => void): () => void {
      const id = encodeKeyHex(key)
      const own = listeners.get(id) ?? new Set()
      listeners.set(id, own)
      own.add(listener)
      return () => {
        own.delete(listener)
        if (own.size === 0 && listeners.get(id) === own) listeners.delete(id)
      }
    },
  }
}
