/** The proofs that the two ends of a share, or of a drop box, show each other. Pure; WIRE.md has the layout. */

import { hmac } from '@noble/hashes/hmac.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { concatBytes, utf8ToBytes } from '@noble/hashes/utils.js'
import { encodeCanonical } from '../../keys/canonical.ts'
import { sha256AtOnce } from '../../keys/index.ts'
import type { LinkKind, LinkSecrets } from './share-link.ts'

const NAMES: Readonly<Record<LinkKind, string>> = { s: 'share', d: 'drop' }
const SWARM = utf8ToBytes('mayfly-share-swarm:')
const HELPERS = utf8ToBytes('mayfly-share-helpers:')

/** Peer ids in text form, as the way between them has proven them: a proof is good for these two alone. */
export interface Ends {
  visitor: string
  owner: string
}

/** The visitor's proof that it knows the link. */
export function helloProof(kind: LinkKind, { id, secret }: LinkSecrets, { visitor, owner }: Ends): Uint8Array {
  return hmac(sha256, secret, concatBytes(utf8ToBytes(`mayfly-${NAMES[kind]}-hello:`), encodeCanonical([visitor, owner, id])))
}

/** Compares in constant time. */
export function isHelloProof(kind: LinkKind, link: LinkSecrets, ends: Ends, proof: Uint8Array): boolean {
  const expected = helloProof(kind, link, ends)
  let difference = proof.byteLength ^ expected.byteLength
  for (let i = 0; i < expected.byteLength; i++) difference |= (proof[i] ?? 0) ^ (expected[i] ?? 0)
  return difference === 0
}

/** Signed by the owner of the link, to prove that the id is its own. */
export function welcomeBytes(kind: LinkKind, id: Uint8Array, { visitor, owner }: Ends): Uint8Array {
  return concatBytes(utf8ToBytes(`mayfly-${NAMES[kind]}-welcome:`), encodeCanonical([owner, visitor, id]))
}

/** Held by the receivers that pass on what they have. */
export const helpersKeyOf = ({ id, secret }: LinkSecrets): Uint8Array => sha256AtOnce(concatBytes(HELPERS, id, secret))

/** Held by the sharer, who has all contents: the contents themselves are announced nowhere. */
export const swarmKeyOf = ({ id, secret }: LinkSecrets): Uint8Array => sha256AtOnce(concatBytes(SWARM, id, secret))
