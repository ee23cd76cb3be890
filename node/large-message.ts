/** What is too large for a message goes as content, and the message carries its link: a private one when the message is sealed. */

import { memorySource, sealSource } from './content/index.ts'
import type { ContentSource, ContentStore, HeldContent } from './content/types.ts'
import { createLinkKey, encodeKeyHex, encodeLinkKey, linkKeyFragment } from './keys/index.ts'

/** Holds the body and tells its address, from the slash on. It is there as long as this peer is, like anything that is held. */
export type HoldLarge = (body: Uint8Array, isSealed: boolean, type: string) => Promise<string>

export interface LargeBody {
  /** What is to be held: the body, or its cipher text. */
  source: ContentSource
  /** Its address once it is held, from the slash on. */
  linkOf(held: Pick<HeldContent, 'key' | 'outline'>): string
}

/** For who holds it in his own way. @throws {MayflyError} ERR_NO_CRYPTO */
export async function prepareLargeBody(body: Uint8Array, isSealed: boolean, type: string): Promise<LargeBody> {
  const linkKey = isSealed ? createLinkKey() : undefined
  const plain = memorySource(body)
  return {
    source: linkKey === undefined ? plain : await sealSource(plain, linkKey, { type }),
    linkOf({ key, outline }) {
      const query = outline === undefined ? '' : `?o=${encodeKeyHex(outline)}`
      return `/${encodeKeyHex(key)}${query}${linkKey === undefined ? '' : linkKeyFragment(encodeLinkKey(linkKey))}`
    },
  }
}

export function createHoldLarge(content: Pick<ContentStore, 'hold'>): HoldLarge {
  return async (body, isSealed, type) => {
    const { source, linkOf } = await prepareLargeBody(body, isSealed, type)
    return linkOf(await content.hold(isSealed ? source : body))
  }
}
