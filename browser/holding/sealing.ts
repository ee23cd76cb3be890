/** Encrypts the content of one private link: bytes in memory, or files where they lie. The library defines the format; `sharing.ts` holds the result. */

import type { ContentSource } from '../../node/index.ts'
import { nameOf } from '../content/bundle-files.ts'
import type { ChosenFile } from '../content/chosen-files.ts'
import type { PeerLibrary } from '../peer/types.ts'
import { fromBase64, toBase64 } from '../text/base64.ts'

/** The label of private content in every list: a list may be stored over a reload, and must not contain names. */
export const PRIVATE_LABEL = 'Private page'

/** One content of a private link as it was sealed: with the link's key and the same salt, the same bytes have the same hash again. No secret. */
export interface SealedPart {
  hash: string
  /** Base64, of 32 bytes. */
  salt: string
}

/** A private link that this tab has made before a reload. */
interface SealedBefore {
  /** The text after `#k=` in the link. */
  secret: string
  /** In the order in which they were sealed. */
  parts: readonly SealedPart[]
}

export type Sealing = ReturnType<typeof createSealing>

/**
 * @param before seals as it was done then. Other bytes sealed so must not leave: two cipher texts of one key and salt would reveal both. So each
 *   content is held under its `expectedHash` only
 */
export function createSealing(
  { createLinkKey, decodeLinkKey, encodeLinkKey, mediaTypeOf, memorySource, sealSource }: PeerLibrary,
  before?: SealedBefore,
) {
  const key = before ? decodeLinkKey(before.secret) : createLinkKey()
  const salts: Uint8Array[] = []
  const factsOf = ({ path, file }: ChosenFile) => ({ name: nameOf(path), type: mediaTypeOf(path) || file.type })

  /** The next content of the link. */
  function next() {
    const part = before?.parts[salts.length]
    if (before && !part) throw new TypeError(`Only ${before.parts.length} contents were sealed before`)
    const salt = part ? fromBase64(part.salt) : crypto.getRandomValues(new Uint8Array(32))
    salts.push(salt)
    return { salt, expectedHash: part?.hash }
  }

  return {
    secret: encodeLinkKey(key),
    factsOf,
    async sealBytes(plain: Uint8Array, facts: { name?: string; type: string }) {
      const { salt, expectedHash } = next()
      const sealed = await sealSource(memorySource(plain), key, { ...facts, salt })
      return { bytes: await sealed.read(0, sealed.size), expectedHash }
    },
    holdOptions(file: ChosenFile) {
      const { salt, expectedHash } = next()
      const seal = (plain: ContentSource) => sealSource(plain, key, { ...factsOf(file), salt })
      return { label: PRIVATE_LABEL, expectedHash, seal }
    },
    /** @param hashes of all that was sealed, in that order */
    parts: (hashes: readonly string[]): SealedPart[] => salts.map((salt, i) => ({ hash: hashes[i] as string, salt: toBase64(salt) })),
  }
}
