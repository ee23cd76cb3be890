/** Ends: addresses of messages, `#name` or a hashname, and the key that each text stands for. */

import { base32 } from 'multiformats/bases/base32'
import { MayflyError } from '../../errors.ts'
import { sha256AtOnce } from '../../keys/index.ts'
import type { Key } from '../../types.ts'

export interface End {
  /** 'open': anybody may tap it. 'hashname': only the receiver that proves its key. */
  kind: 'open' | 'hashname'
  /** `#name` or a hashname. */
  text: string
  key: Key
}

/** 52 characters of base32; the last one has one bit of the key, so it is `a` or `q`. */
export const HASHNAME_FORM = /^[a-z2-7]{51}[aq]$/
export const MAX_NAME_LENGTH = 64

const NOT_IN_A_NAME = /[\p{White_Space}\p{C}#/?%]/u
/** Hashed before the name, so that the key of an open end is never the key of anything else. */
const OPEN_DOMAIN = 'mayfly-end:'

/** @throws {MayflyError} ERR_BAD_END; its message names the expected form */
export function parseEnd(text: string): End {
  if (HASHNAME_FORM.test(text)) return { kind: 'hashname', text, key: base32.baseDecode(text) }
  if (!text.startsWith('#')) throw badEnd(text, 'it has no # and is no hashname')
  const name = text.slice(1)
  const reason = refuseName(name)
  if (reason !== undefined) throw badEnd(text, reason)
  return { kind: 'open', text, key: sha256AtOnce(new TextEncoder().encode(OPEN_DOMAIN + name)) }
}

function refuseName(name: string): string | undefined {
  const { length } = [...name]
  if (length < 1 || length > MAX_NAME_LENGTH) return `a name has 1 to ${MAX_NAME_LENGTH} characters`
  if (NOT_IN_A_NAME.test(name)) return 'a name has no white space, no control characters, and none of # / ? %'
  if (name.normalize('NFC') !== name) return 'a name is in Unicode normal form C'
  if (HASHNAME_FORM.test(name)) return 'it looks like a hashname, which is written without #'
  return undefined
}

function badEnd(text: string, reason: string): MayflyError {
  return new MayflyError(
    'ERR_BAD_END',
    `Not an end: ${JSON.stringify(text.slice(0, 80))}; expected #name or a hashname of 52 characters: ${reason}`,
  )
}
