/** Encrypts the content of one private link: bytes in memory, or files where they lie. The library defines the format; `sharing.ts` holds the result. */

import type { ContentSource } from '../../node/index.ts'
import { nameOf } from '../content/bundle-files.ts'
import type { ChosenFile } from '../content/chosen-files.ts'
import type { PeerLibrary } from '../peer/types.ts'

/** The label of private content in every list: a list may be stored over a reload, and must not contain names. */
export const PRIVATE_LABEL = 'Private page'

export type Sealing = ReturnType<typeof createSealing>

export function createSealing({ createLinkKey, encodeLinkKey, mediaTypeOf, memorySource, sealSource }: PeerLibrary) {
  const key = createLinkKey()
  const factsOf = ({ path, file }: ChosenFile) => ({ name: nameOf(path), type: mediaTypeOf(path) || file.type })
  return {
    /** The text after `#k=` in the link. */
    secret: encodeLinkKey(key),
    factsOf,
    async sealBytes(bytes: Uint8Array, facts: { name?: string; type: string }) {
      const sealed = await sealSource(memorySource(bytes), key, facts)
      return sealed.read(0, sealed.size)
    },
    holdOptions: (file: ChosenFile) => ({ label: PRIVATE_LABEL, seal: (plain: ContentSource) => sealSource(plain, key, factsOf(file)) }),
  }
}
