/** The public keys of hashnames that were proved here, or told and found right: what senders seal for. In memory. */

import { encodeKeyHex } from '../../keys/index.ts'
import type { Key } from '../../types.ts'

/** About 3 MB; the least lately used go first. */
const MAX_PUBLIC_KEYS = 16_384

export interface PublicKeys {
  /** @param publicKey its SHA-256 is the end */
  put(end: Key, publicKey: Uint8Array): void
  get(end: Key): Uint8Array | undefined
}

export function createPublicKeys(): PublicKeys {
  /** By the end's key, hex. Bounded: MAX_PUBLIC_KEYS. */
  const keys = new Map<string, Uint8Array>()

  const touch = (id: string, publicKey: Uint8Array) => {
    keys.delete(id)
    keys.set(id, publicKey)
    const oldest = keys.size > MAX_PUBLIC_KEYS ? keys.keys().next().value : undefined
    if (oldest !== undefined) keys.delete(oldest)
  }
  return {
    put: (end, publicKey) => touch(encodeKeyHex(end), publicKey),
    get(end) {
      const id = encodeKeyHex(end)
      const publicKey = keys.get(id)
      if (publicKey !== undefined) touch(id, publicKey)
      return publicKey
    },
  }
}
