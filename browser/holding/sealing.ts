/** Encrypts the content of one private link: bytes in memory, or files where they lie. The library defines the format; `sharing.ts` holds the result. */

import type { ContentSource } from '../../node/index.ts'
import { nameOf } from '../content/bundle-files.ts'
import type { ChosenFile } from '../content/chosen-files.ts'
import type { PeerLibrary } from '../peer/peer-library.ts'

/** The label of private content in every list: a list may be stored over a reload, and must not contain names. */
export const PRIVATE_LABEL = 'Private page'

export interface SealedFileFacts {
  name?: string
  type: string
}

export interface Sealing {
  /** The text after `#k=` in the link. */
  readonly secret: string
  factsOf(file: ChosenFile): SealedFileFacts
  sealBytes(bytes: Uint8Array, facts: SealedFileFacts): Promise<Uint8Array>
  holdOptions(file: ChosenFile): { label: string; seal(plain: ContentSource): Promise<ContentSource> }
}

export function createSealing({ createLinkKey, encodeLinkKey, mediaTypeOf, memorySource, sealSource }: PeerLibrary): Sealing {
  const key = createLinkKey()
  const factsOf = ({ path, file }: ChosenFile) => ({ name: nameOf(path), type: mediaTypeOf(path) || file.type })
  return {
    secret: encodeLinkKey(key),
    factsOf,
    async sealBytes(bytes, facts) {
      const sealed = await sealSource(memorySource(bytes), key, facts)
      return sealed.read(0, sealed.size)
    },
    holdOptions: (file) => ({ label: PRIVATE_LABEL, seal: (plain) => sealSource(plain, key, factsOf(file)) }),
  }
}
