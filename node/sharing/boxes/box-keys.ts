/** The key and the secret of a drop box: what its owner proves with them, and what its senders do. Pure. */

import { hmac } from '@noble/hashes/hmac.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { concatBytes, utf8ToBytes } from '@noble/hashes/utils.js'
import { encodeKeyBase32, equalBytes, sha256AtOnce } from '../../keys/index.ts'
import { publicKeyOf } from '../../keys/signing.ts'
import { helloProof, isHelloProof } from '../format/share-keys.ts'
import { type LinkSecrets, linkPathOf, parseLink, secretText } from '../format/share-link.ts'
import { isWelcome, signWelcome } from '../format/share-signatures.ts'

const RECEIVER = utf8ToBytes('mayfly-drop-receiver:')
const RECEIVER_BYTES = 16

export type BoxKeys = ReturnType<typeof createBoxKeys>

/** The owner's side. */
export function createBoxKeys(seed: Uint8Array, secret: Uint8Array) {
  const publicKey = publicKeyOf(seed)
  const key = sha256AtOnce(publicKey)
  const link = { id: key, secret }
  const id = encodeKeyBase32(key)
  return {
    /** Held by the owner. */
    key,
    /** Its text form. */
    id,
    publicKey,
    path: linkPathOf('d', link),
    putPath: `/d/${id}/${secretText(link)}/`,
    isKey: (other: Uint8Array) => equalBytes(other, key),
    isProof: (proof: Uint8Array, visitor: string, owner: string) => isHelloProof('d', link, { visitor, owner }, proof),
    sign: (owner: string, visitor: string) => signWelcome('d', seed, key, { visitor, owner }),
    /** Stays the same for a share, so that its sharer counts this box once. */
    receiverOf: (share: LinkSecrets) => hmac(sha256, seed, concatBytes(RECEIVER, share.id)).slice(0, RECEIVER_BYTES),
  }
}

/** The sender's side. @throws {MayflyError} ERR_SHARE_WRONG, ERR_BAD_OPTION */
export function createVisitKeys(text: string) {
  const link = parseLink('d', text)
  return {
    key: link.id,
    id: encodeKeyBase32(link.id),
    prove: (visitor: string, owner: string) => helloProof('d', link, { visitor, owner }),
    isWelcome: (welcome: { publicKey: Uint8Array; signature: Uint8Array }, owner: string, visitor: string) =>
      isWelcome('d', link.id, { visitor, owner }, welcome),
  }
}
