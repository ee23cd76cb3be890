/** SHA-256 of bytes that come one after the other, where WebCrypto can only do it at once. */

import { sha256 as portableSha256 } from '@noble/hashes/sha2.js'
import type { Key } from '../types.ts'

/** One that hashes in another thread answers with promises: `update` resolves when it can take more. */
export interface Hasher {
  update(bytes: Uint8Array): void | Promise<void>
  digest(): Key | Promise<Key>
}

/** How a hasher is made; Node.js hands in its own, which is native, and a page one that hashes in a worker. */
export type CreateHasher = () => Hasher

export const createPortableHasher: CreateHasher = () => {
  const hash = portableSha256.create()
  return {
    update: (bytes) => void hash.update(bytes),
    digest: () => hash.digest(),
  }
}
