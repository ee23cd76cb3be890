/** Keys: the SHA-256 that names content, made and compared. Text forms are in `key-text.ts`. */

import { sha256 as portableSha256 } from '@noble/hashes/sha2.js'
import { concatBytes } from '@noble/hashes/utils.js'
import type { Key } from '../types.ts'
import { nativeCrypto } from './native-crypto.ts'

export const KEY_BYTES = 32

/**
 * Up to here the portable implementation takes less time than WebCrypto takes to hand the work to another thread: 2 against 37 µs for a
 * position, 18 against 41 µs at this size, and the other way round at four times of it (measured in Node.js 24, 2026-11).
 */
const SMALL_BYTES = 4_096

/**
 * Up to here Node.js hashes at once, on this thread: a piece of 256 KiB in 0.15 ms, where handing it to WebCrypto's thread and back took the
 * reader of a large content 1.4 ms/MiB of this one's time alone (measured in Node.js 24, 2026-11). More would hold up others.
 */
const AT_ONCE_BYTES = 1_048_576

/**
 * The SHA-256 of the bytes. WebCrypto does what is large, where there is one; a page served over plain http from another machine has
 * none, and then the portable implementation does it all (slower, the same digest).
 */
export async function sha256(bytes: Uint8Array): Promise<Key> {
  if (nativeCrypto !== undefined && bytes.byteLength <= AT_ONCE_BYTES) return new Uint8Array(nativeCrypto.hash('sha256', bytes, 'buffer'))
  const subtle = globalThis.crypto?.subtle
  if (subtle === undefined || bytes.byteLength <= SMALL_BYTES) return portableSha256(bytes)
  return new Uint8Array(await subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>))
}

/** The same at once, for small bytes: an id, a hashname. */
export function sha256AtOnce(bytes: Uint8Array): Key {
  return nativeCrypto === undefined ? portableSha256(bytes) : new Uint8Array(nativeCrypto.hash('sha256', bytes, 'buffer'))
}

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.byteLength !== b.byteLength) return false
  for (let i = 0; i < a.byteLength; i++) if (a[i] !== b[i]) return false
  return true
}

/**
 * Where a key lies in the DHT's space: the SHA-256 of its multihash, the same that kad-dht computes for a CID of that hash.
 *
 * @see https://github.com/libp2p/specs/blob/master/kad-dht/README.md (distance metric)
 */
export function positionOf(key: Key): Promise<Uint8Array> {
  return sha256(multihashOf(key))
}

/** sha2-256 is code 0x12, 32 bytes is length 0x20. @see https://github.com/multiformats/multicodec/blob/master/table.csv */
export function multihashOf(key: Key): Uint8Array {
  return concatBytes(Uint8Array.of(0x12, 0x20), key)
}
