/** Seals what becomes one private link: its bytes, or files from where they lie. The format is the library's; holding is left to `sharing.ts`. */

import type { ContentSource } from '../../node/index.ts'
import { nameOf } from '../content/bundle-files.ts'
import type { ChosenFile } from '../content/chosen-files.ts'
import type { PeerLibrary } from '../peer/peer-session.ts'

/** How private content is named wherever it is listed: a list may be kept over a reload, where no name belongs. */
export const PRIVATE_LABEL = 'Private page'

export interface SealedFileFacts {
  name?: string
  type: string
}

/** One private link: all that is held under it is sealed with its key. */
export interface Sealing {
  /** What follows `#k=` in the link. */
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
