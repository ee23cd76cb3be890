/** Outlines that this peer has received, and which of them it has proven. */

import { createRecentMap } from '../../async/recent-map.ts'
import { encodeKeyHex, equalBytes } from '../../keys/index.ts'
import type { Key } from '../../types.ts'
import type { OutlinedContent } from '../format/outline.ts'

/** An outline has at most 128 KiB. */
const MAX_OUTLINES = 128
const MAX_TRUSTED = 4_096

export type KnownOutlines = ReturnType<typeof createKnownOutlines>

export function createKnownOutlines() {
  /** By key and outline hash. */
  const outlines = createRecentMap<string, OutlinedContent>({ maxEntries: MAX_OUTLINES })
  /** By key. */
  const trusted = createRecentMap<string, Key>({ maxEntries: MAX_TRUSTED, order: 'written' })
  const idOf = (key: Key, outlineHash: Key) => `${encodeKeyHex(key)}:${encodeKeyHex(outlineHash)}`

  return {
    remember: (content: OutlinedContent) => outlines.set(idOf(content.key, content.outlineHash), content),
    get: (key: Key, outlineHash: Key) => outlines.get(idOf(key, outlineHash)),
    /** This peer has checked the whole content against the outline. */
    trust(key: Key, outlineHash: Key): void {
      const id = encodeKeyHex(key)
      const known = trusted.get(id)
      if (known === undefined || !equalBytes(known, outlineHash)) trusted.set(id, outlineHash)
    },
    /** The hash of the outline that is proven for the key. */
    trusted: (key: Key) => trusted.get(encodeKeyHex(key)),
  }
}
