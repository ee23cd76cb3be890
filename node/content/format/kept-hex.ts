/** Keys in hex that are named again and again: those of content, for each of its pieces. */

import { encodeKeyHex, equalBytes } from '../../keys/index.ts'
import type { Key } from '../../types.ts'

/** By the object that has the bytes; and the bytes as they were, since whoever has the object may change them. */
const keptHex = new WeakMap<Key, { bytes: Key; hex: string }>()

/** The key in hex, kept for as long as the object is: for a key that is named for each piece of its content. */
export function keptKeyHex(key: Key): string {
  const known = keptHex.get(key)
  if (known !== undefined && equalBytes(known.bytes, key)) return known.hex
  const hex = encodeKeyHex(key)
  keptHex.set(key, { bytes: Uint8Array.from(key), hex })
  return hex
}
