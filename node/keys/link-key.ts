/** The key of a private link: 32 random bytes, and their text form behind `#k=`, which a browser sends to nobody. */

import { base64url } from 'multiformats/bases/base64'
import { MayflyError } from '../errors.ts'
import { KEY_BYTES } from './key.ts'

/** 32 bytes that open private content. A secret: it stands in the fragment of a link, and nowhere else. */
export type LinkKey = Uint8Array

/** 32 bytes in base64url without padding. */
const TEXT_FORM = /^[A-Za-z0-9_-]{43}$/

export function createLinkKey(): LinkKey {
  return globalThis.crypto.getRandomValues(new Uint8Array(KEY_BYTES))
}

/** 43 characters. */
export function encodeLinkKey(key: LinkKey): string {
  return base64url.baseEncode(key)
}

/** @throws {MayflyError} ERR_BAD_KEY, whose message does not repeat the text */
export function decodeLinkKey(text: string): LinkKey {
  try {
    if (TEXT_FORM.test(text)) return base64url.baseDecode(text)
  } catch {
    // The last character has bits that no 32 bytes have: it is not what was written.
  }
  throw new MayflyError('ERR_BAD_KEY', 'Not a private link: what follows #k= must be 43 characters of base64url. Is the link whole?')
}
