/** Outlines that this peer has received, and which of them it has proven. */

import { createRecentMap } from '../../async/recent-map.ts'
import { encodeKeyHex, equalBytes } from '../../keys/index.ts'
import type { Key } from '../../types.ts'
import type { OutlinedContent } from '../format/outline.ts'

export interface KnownOutlines {
  remember(content: OutlinedContent): void
  get(key: Key, outlineHash: Key): OutlinedContent | undefined
  /** This peer has checked the whole content against the outline. */
  trust(key: Key, outlineHash: Key): void
  /** The hash of the outline that is proven for the key. */
  trusted(key: Key): Key | undefined
}

/** An outline has at most 128 KiB. */
const MAX_OUTLINES = 128
const MAX_TRUSTED = 4_096

export function createKnownOutlines(): KnownOutlines {
  /** By key and outline hash. */
  const outlines = createRecentMap<string, OutlinedContent>({ maxEntries: MAX_OUTLINES })
  /** By key. */
  const trusted = createRecentMap<string, Key>({ maxEntries: MAX_TRUSTED, order: 'written' })
  const idOf = (key: Key, outlineHash: Key) => `${encodeKeyHex(key)}:${encodeKeyHex(outlineHash)}`

  return {
    remember: (content) => outlines.set(idOf(content.key, content.outlineHash), content),
    get: (key, outlineHash) => outlines.get(idOf(key, outlineHash)),
    trust(key, outlineHash) {
      const id = encodeKeyHex(key)
      const known = trusted.get(id)
      if (known === undefined || !equalBytes(known, outlineHash)) trusted.set(id, outlineHash)
    },
    trusted: (key) => trusted.get(encodeKeyHex(key)),
  }
}
