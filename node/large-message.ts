/** What is too large for a message goes as content, and the message carries its link: a private one when the message is sealed. */

import { memorySource, sealSource } from './content/index.ts'
import { createLinkKey, encodeKeyHex, encodeLinkKey, linkKeyFragment } from './keys/index.ts'
import type { ContentStore } from './types.ts'

/** Holds the body and tells its address, from the slash on. It is there as long as this peer is, like anything that is held. */
export type HoldLarge = (body: Uint8Array, isSealed: boolean, type: string) => Promise<string>

export function createHoldLarge(content: Pick<ContentStore, 'hold'>): HoldLarge {
  return async (body, isSealed, type) => {
    const linkKey = isSealed ? createLinkKey() : undefined
    const { key, outline } = await content.hold(linkKey === undefined ? body : await sealSource(memorySource(body), linkKey, { type }))
    const query = outline === undefined ? '' : `?o=${encodeKeyHex(outline)}`
    return `/${encodeKeyHex(key)}${query}${linkKey === undefined ? '' : linkKeyFragment(encodeLinkKey(linkKey))}`
  }
}
