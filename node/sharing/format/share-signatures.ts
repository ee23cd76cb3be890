/** Signatures of the owner of a link: of its welcome, and of each list. Apart from the other formats, since they bring all of Ed25519. Pure. */

import { equalBytes, sha256AtOnce } from '../../keys/index.ts'
import { isSigned, signBytes } from '../../keys/signing.ts'
import { listBytes } from './share-entry.ts'
import { type Ends, welcomeBytes } from './share-keys.ts'
import type { LinkKind } from './share-link.ts'

interface Signed {
  publicKey: Uint8Array
  signature: Uint8Array
}

/** The checks of a receiver: at once, or in another thread. */
export interface ShareChecks {
  isWelcome(kind: LinkKind, id: Uint8Array, ends: Ends, signed: Signed): boolean | Promise<boolean>
  isList(
    publicKey: Uint8Array,
    id: Uint8Array,
    sequence: number,
    pages: readonly unknown[][][],
    signature: Uint8Array,
  ): boolean | Promise<boolean>
}

/** The owner's proof that the id is its own. @param seed of the key pair whose public key's SHA-256 is the id */
export function signWelcome(kind: LinkKind, seed: Uint8Array, id: Uint8Array, ends: Ends): Uint8Array {
  return signBytes(seed, welcomeBytes(kind, id, ends))
}

export function isWelcome(kind: LinkKind, id: Uint8Array, ends: Ends, { publicKey, signature }: Signed): boolean {
  return equalBytes(sha256AtOnce(publicKey), id) && isSigned(publicKey, welcomeBytes(kind, id, ends), signature)
}

/** The sharer's signature over one list: all its pages, and its number, which grows. */
export function signList(seed: Uint8Array, id: Uint8Array, sequence: number, pages: readonly unknown[][][]): Uint8Array {
  return signBytes(seed, listBytes(id, sequence, pages))
}

export function isList(
  publicKey: Uint8Array,
  id: Uint8Array,
  sequence: number,
  pages: readonly unknown[][][],
  signature: Uint8Array,
): boolean {
  return isSigned(publicKey, listBytes(id, sequence, pages), signature)
}
