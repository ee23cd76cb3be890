/** A body that is too large for a message is held as content, and the message carries its link: a private link when it is sealed. */

import { memorySource } from './content/format/source.ts'
import type { ContentSource, ContentStore, HeldContent } from './content/types.ts'
import { createLinkKey } from './keys/index.ts'
import { encodeLink } from './keys/links.ts'

export interface LargeBody {
  /** The body, or its cipher text, to be held. */
  source: ContentSource
  /** Its address once it is held, from the slash on. */
  linkOf(held: Pick<HeldContent, 'key' | 'outline'>): string
}

/** For a caller that holds the body itself. @throws {MayflyError} ERR_NO_CRYPTO */
export async function prepareLargeBody(body: Uint8Array, isSealed: boolean, type: string): Promise<LargeBody> {
  const linkKey = isSealed ? createLinkKey() : undefined
  const plain = memorySource(body)
  return {
    source: linkKey === undefined ? plain : await (await loadSealing()).sealSource(plain, linkKey, { type }),
    linkOf: ({ key, outline }) => encodeLink({ key, ...(outline && { outline }), ...(linkKey && { linkKey }) }),
  }
}

/** @returns a function that holds a body for as long as this peer runs, and resolves with its address, from the slash on */
export function createHoldLarge(content: Pick<ContentStore, 'hold'>) {
  return async (body: Uint8Array, isSealed: boolean, type: string) => {
    const { source, linkOf } = await prepareLargeBody(body, isSealed, type)
    return linkOf(await content.hold(isSealed ? source : body))
  }
}

/** Loaded where it is used: most messages are short. */
const loadSealing = () => import('./content/sealed/sealing.ts')
