/**
 * SHA-256 for libp2p's modules where there is no WebCrypto, as in a page that came by plain http from another machine. multiformats' browser
 * build calls `crypto.subtle` and nothing else (14.0.5), and kad-dht hashes its own peer id as it starts: the peer could not start.
 */

import { sha256 as multihash } from 'multiformats/hashes/sha2'
import { sha256 } from '../keys/index.ts'

/** Call it before anything hashes. It changes nothing where there is WebCrypto. */
export function replaceMissingDigest(hasher: object = multihash): void {
  if (globalThis.crypto?.subtle === undefined) Object.assign(hasher, { encode: sha256 })
}
