/** Aliases: names that an account's owner gives to others, in calls and on pages. */

import { MayflyError } from '../../errors.ts'

export const MAX_ALIAS_LENGTH = 64

/** Control characters, separators of lines, and format characters, which turn text around or hide in it; but for the joiners of emoji and scripts. */
const NOT_IN_AN_ALIAS = /[\p{Cc}\p{Cs}\p{Co}\p{Zl}\p{Zp}]|(?![\u200c\u200d])\p{Cf}/u
const VISIBLE = /[\p{L}\p{N}\p{P}\p{S}]/u
/** Names that calls take for something else: everybody, this account, an account, an instance. */
const RESERVED = /^(?:\*|us|[a-z2-7]{51}[aq]|(?:12D3KooW|Qm)[1-9A-HJ-NP-Za-km-z]{40,})$/
const RESERVED_ANY_CASE = /^us$/i

/**
 * The alias in normal form C, without spaces around it.
 *
 * @throws {MayflyError} ERR_BAD_OPTION; its message says what an alias is
 */
export function cleanAlias(text: string): string {
  const alias = typeof text === 'string' ? text.normalize('NFC').trim().replaceAll(/ {2,}/g, ' ') : ''
  const reason = refuseAlias(alias)
  if (reason !== undefined) throw new MayflyError('ERR_BAD_OPTION', `Not an alias: ${JSON.stringify(alias.slice(0, 80))}: ${reason}`)
  return alias
}

/** Why the alias is refused, or undefined. */
export function refuseAlias(alias: unknown): string | undefined {
  if (typeof alias !== 'string') return 'an alias is text'
  const { length } = [...alias]
  if (length < 1 || length > MAX_ALIAS_LENGTH) return `an alias has 1 to ${MAX_ALIAS_LENGTH} characters`
  if (NOT_IN_AN_ALIAS.test(alias)) return 'an alias has no control characters, and none that hide or turn text around'
  if (!VISIBLE.test(alias)) return 'an alias has something that can be seen'
  if (alias.normalize('NFC') !== alias || alias.trim() !== alias) return 'an alias is in Unicode normal form C, without spaces around it'
  if (RESERVED.test(alias) || RESERVED_ANY_CASE.test(alias)) return 'this name stands for something else in calls'
  return undefined
}

/** The alias, or with a number behind it when it is taken. */
export function freeAlias(alias: string, isTaken: (alias: string) => boolean): string {
  if (!isTaken(alias)) return alias
  for (let number = 2; ; number++) {
    const tail = ` ${number}`
    const candidate = `${[...alias]
      .slice(0, MAX_ALIAS_LENGTH - tail.length)
      .join('')
      .trim()}${tail}`
    if (!isTaken(candidate)) return candidate
  }
}
