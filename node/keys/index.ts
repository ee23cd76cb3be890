/** Keys and their text forms. */

export { harmlessName } from './file-name.ts'
export { type CreateHasher, createPortableHasher, type Hasher } from './hasher.ts'
export { equalBytes, KEY_BYTES, multihashOf, positionOf, sha256, sha256AtOnce } from './key.ts'
export { isKeyHex } from './key-form.ts'
export {
  decodeKeyCid,
  decodeKeyHex,
  encodeKeyBase32,
  encodeKeyCid,
  encodeKeyHex,
  keyOfBlock,
  parseCid,
} from './key-text.ts'
export { createLinkKey, decodeLinkKey, encodeLinkKey, type LinkKey } from './link-key.ts'
export { padmeBytes } from './padme.ts'
