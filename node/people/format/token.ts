/** Tokens: 16 random bytes that two people share before they are contacts, as text, in a link, and what stands for them in the overlay. */

import { concatBytes, utf8ToBytes } from '@noble/hashes/utils.js'
import { base32 } from 'multiformats/bases/base32'
import { MayflyError } from '../../errors.ts'
import { sha256AtOnce } from '../../keys/index.ts'
import type { Key } from '../../types.ts'
import { parseCode, type SpokenCode } from './code.ts'

/** 'contact': somebody else. 'device': another place of the same account. */
export type PairingKind = 'contact' | 'device'
/** The thing that a secret stands for. 'share': a link of files, which needs no account. */
export type SecretKind = PairingKind | 'share'

/** A token, or the code that stands for it. */
export type PairingSecret = { form: 'token'; token: Uint8Array } | { form: 'code'; code: SpokenCode }

export const TOKEN_BYTES = 16
export const TOKEN_ID_BYTES = 16

/** 26 characters of base32; the last one has three bits of the token. */
const TOKEN_FORM = /^[a-z2-7]{25}[aeimquy4]$/
/** Behind the `#` of a link. */
const LINK_NAMES: Readonly<Record<PairingKind, string>> = { contact: 'add', device: 'add-place' }
const LINK_FORM = /#(?:.*&)?(add|add-place)=([^&]*)/s
const SEPARATORS = /[\s\p{Pd}]/gu

export const encodeToken = (token: Uint8Array): string => base32.baseEncode(token)

/** @param gateway the address of the app, as `https://gateway.example/` */
export function tokenLink(gateway: string, token: string, kind: PairingKind = 'contact'): string {
  const url = new URL(gateway)
  url.hash = `${LINK_NAMES[kind]}=${token}`
  return url.href
}

/**
 * Reads a token, its link, or a code, as people paste and type them.
 *
 * @param words the list of code words
 * @returns with the kind that the link says; token and code do not say it
 * @throws {MayflyError} ERR_BAD_OPTION; its message says which form is expected
 */
export function parseSecret(text: string, words: readonly string[]): PairingSecret & { kind?: PairingKind } {
  const [, name, linked] = LINK_FORM.exec(text) ?? []
  if (linked !== undefined) {
    const token = decodeToken(linked)
    if (token === undefined)
      throw new MayflyError('ERR_BAD_OPTION', 'The link is cut or mistyped: its token has 26 characters of a-z and 2-7')
    return { form: 'token', token, kind: name === LINK_NAMES.device ? 'device' : 'contact' }
  }
  const token = decodeToken(text)
  if (token !== undefined) return { form: 'token', token }
  return { form: 'code', code: parseCode(text, words) }
}

function decodeToken(text: string): Uint8Array | undefined {
  const clean = text.slice(0, 200).replaceAll(SEPARATORS, '').toLowerCase()
  return TOKEN_FORM.test(clean) ? base32.baseDecode(clean) : undefined
}

/** Values that both sides derive from a secret. */
export interface SecretTerms {
  /** Held by the issuer, found by the claimer. */
  key: Key
  /** Names the token to its issuer. Nobody who sees only the key knows the id of a token; that of a code is its number. */
  id: Uint8Array
  /** The secret of the key exchange. */
  password: Uint8Array
}

/** Hashed before the rest, so that one is never the hash of anything else. */
const ID_DOMAIN = utf8ToBytes('mayfly-token-id:')
const KEY_DOMAINS = { token: utf8ToBytes('mayfly-token:'), code: utf8ToBytes('mayfly-nameplate:') }

export function termsOf(secret: PairingSecret): SecretTerms {
  const id =
    secret.form === 'token'
      ? sha256AtOnce(concatBytes(ID_DOMAIN, secret.token)).slice(0, TOKEN_ID_BYTES)
      : utf8ToBytes(secret.code.nameplate)
  const password = secret.form === 'token' ? secret.token : utf8ToBytes(secret.code.words.join(' '))
  return { key: sha256AtOnce(concatBytes(KEY_DOMAINS[secret.form], id)), id, password }
}
