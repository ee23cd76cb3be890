/** Links of shares and drop boxes: an id that anybody may see, and a secret behind the `#`, which browsers send to nobody. Pure. */

import { concatBytes, utf8ToBytes } from '@noble/hashes/utils.js'
import { base32 } from 'multiformats/bases/base32'
import { MayflyError } from '../../errors.ts'
import { encodeKeyBase32, equalBytes, sha256AtOnce } from '../../keys/index.ts'

export interface LinkSecrets {
  /** The SHA-256 of the public key: held by whoever made the link. */
  id: Uint8Array
  secret: Uint8Array
}

export const LINK_SECRET_BYTES = 16
const CHECK_BYTES = 2
const DOMAIN = utf8ToBytes('mayfly-share-link:')
const ID = /^[a-z2-7]{51}[aq]$/
/** The kind, the id, the secret: behind `#`, or in the path where a gateway passes on what is put there. */
const FORM = /(?:^|\/)([sd])\/([a-z2-7]+)(?:#|\/)([a-z2-7]+)/i

/** 's': a share. 'd': a drop box. */
export type LinkKind = 's' | 'd'

const NAMES: Readonly<Record<LinkKind, string>> = { s: 'share', d: 'drop box' }

export function linkPathOf(kind: LinkKind, link: LinkSecrets): string {
  return `/${kind}/${encodeKeyBase32(link.id)}#${secretText(link)}`
}

/** The secret as links carry it, with two bytes by which a mistyped or cut link is known. */
export const secretText = (link: LinkSecrets): string => base32.baseEncode(concatBytes(link.secret, checkOf(link)))

/**
 * Reads a link, or its path, as people paste it.
 *
 * @throws {MayflyError} ERR_BAD_OPTION: no such link at all; ERR_SHARE_WRONG: mistyped, or cut
 */
export function parseLink(kind: LinkKind, text: string): LinkSecrets {
  const [, found, id = '', secret = ''] = FORM.exec(text) ?? []
  if (found?.toLowerCase() !== kind)
    throw new MayflyError('ERR_BAD_OPTION', `Not a link of a ${NAMES[kind]}: expected …/${kind}/<id>#<secret>`)
  const wrong = new MayflyError('ERR_SHARE_WRONG', 'The link is mistyped or cut: ask for it again')
  if (!ID.test(id.toLowerCase())) throw wrong
  let bytes: Uint8Array
  try {
    bytes = base32.baseDecode(secret.toLowerCase())
  } catch {
    throw wrong
  }
  const link = { id: base32.baseDecode(id.toLowerCase()), secret: bytes.slice(0, LINK_SECRET_BYTES) }
  if (bytes.byteLength !== LINK_SECRET_BYTES + CHECK_BYTES || !equalBytes(bytes.subarray(LINK_SECRET_BYTES), checkOf(link))) throw wrong
  return link
}

/**
 * The id in the path of a link.
 *
 * @throws {MayflyError} ERR_BAD_OPTION
 */
export function parseShareId(text: string): Uint8Array {
  if (!ID.test(text)) throw new MayflyError('ERR_BAD_OPTION', 'Not the id of a share: expected 52 characters of base32')
  return base32.baseDecode(text)
}

const checkOf = ({ id, secret }: LinkSecrets) => sha256AtOnce(concatBytes(DOMAIN, id, secret)).subarray(0, CHECK_BYTES)
