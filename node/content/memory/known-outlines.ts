/** Outlines that this peer has met, and which of them it has found to be true. */

import { encodeKeyHex, equalBytes } from '../../keys/index.ts'
import type { Key } from '../../types.ts'
import type { Outline } from '../format/outline.ts'

export interface KnownOutline {
  key: Key
  outline: Outline
  outlineBytes: Uint8Array
  outlineHash: Key
}

export interface KnownOutlines {
  remember(known: KnownOutline): void
  get(key: Key, outlineHash: Key): KnownOutline | undefined
  /** The whole was checked against it, on this peer. */
  trust(key: Key, outlineHash: Key): void
  /** The outline's hash that is known to be true for the key. */
  trusted(key: Key): Key | undefined
}

/** An outline has at most 128 KiB. */
const MAX_OUTLINES = 128
const MAX_TRUSTED = 4_096

export function createKnownOutlines(): KnownOutlines {
  /** By key and the outline's hash, oldest use out first. Bounded: MAX_OUTLINES. */
  const outlines = new Map<string, KnownOutline>()
  /** By key, oldest out first. Bounded: MAX_TRUSTED. */
  const trusted = new Map<string, Key>()
  const idOf = (key: Key, outlineHash: Key) => `${encodeKeyHex(key)}:${encodeKeyHex(outlineHash)}`

  function add<V>(map: Map<string, V>, id: string, value: V, most: number): void {
    map.delete(id)
    map.set(id, value)
    const oldest = map.size > most ? map.keys().next().value : undefined
    if (oldest !== undefined) map.delete(oldest)
  }

  return {
    remember: (known) => add(outlines, idOf(known.key, known.outlineHash), known, MAX_OUTLINES),
    get(key, outlineHash) {
      const known = outlines.get(idOf(key, outlineHash))
      if (known !== undefined) add(outlines, idOf(key, outlineHash), known, MAX_OUTLINES)
      return known
    },
    trust(key, outlineHash) {
      const known = trusted.get(encodeKeyHex(key))
      if (known === undefined || !equalBytes(known, outlineHash)) add(trusted, encodeKeyHex(key), outlineHash, MAX_TRUSTED)
    },
    trusted: (key) => trusted.get(encodeKeyHex(key)),
  }
}
