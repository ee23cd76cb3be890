/** The terms of a drop box: what it takes, checked when it is made, as a value that travels and is kept. Pure. */

import { MayflyError } from '../../errors.ts'
import { readArray, readInteger, readOptional, readText, readTuple } from '../../network/fields.ts'
import type { DropTerms } from '../types.ts'

export const DROP_LIMITS = {
  /** Characters of a box's title, of a sender's name, and of its words. */
  maxTitleLength: 200,
  maxFromLength: 80,
  maxWordsLength: 2_000,
  /** Files of one submission. */
  maxFiles: 1_000,
  /** Types that one box names, and characters of each. */
  maxTypes: 32,
  maxTypeLength: 128,
  /** Bytes of a file's path, in UTF-8. */
  maxPathBytes: 1_024,
} as const

/** `.pdf`, `.tar.gz`: an ending of names. */
const ENDING = /^\.[^\s/\\*]+$/
/** `image/*`, `application/pdf`. @see https://www.rfc-editor.org/rfc/rfc6838#section-4.2 */
const MEDIA_TYPE = /^[a-z0-9][a-z0-9!#$&^_.+-]*\/(?:\*|[a-z0-9][a-z0-9!#$&^_.+-]*)$/

/**
 * The terms with clean types, and without what sets no limit.
 *
 * @throws {MayflyError} ERR_BAD_OPTION, which names the term and the form expected
 */
export function cleanTerms({ title, maxBytes, maxFiles, maxFileBytes, types, untilMs }: DropTerms): DropTerms {
  const name = typeof title === 'string' ? title.normalize('NFC').trim() : ''
  if (name === '' || name.length > DROP_LIMITS.maxTitleLength)
    throw badTerm('title', `text of 1 to ${DROP_LIMITS.maxTitleLength} characters`)
  for (const [what, value] of Object.entries({ maxBytes, maxFiles, maxFileBytes, untilMs }))
    if (value !== undefined && (!Number.isSafeInteger(value) || value < 1)) throw badTerm(what, 'a whole number from 1')
  return {
    title: name,
    ...(maxBytes !== undefined && { maxBytes }),
    ...(maxFiles !== undefined && { maxFiles }),
    ...(maxFileBytes !== undefined && { maxFileBytes }),
    ...(types !== undefined && types.length > 0 && { types: cleanTypes(types) }),
    ...(untilMs !== undefined && { untilMs }),
  }
}

function cleanTypes(types: readonly string[]): string[] {
  if (types.length > DROP_LIMITS.maxTypes) throw badTerm('types', `at most ${DROP_LIMITS.maxTypes}`)
  return types.map((type) => {
    const clean = type.trim().toLowerCase()
    if (clean.length <= DROP_LIMITS.maxTypeLength && (ENDING.test(clean) || MEDIA_TYPE.test(clean))) return clean
    throw badTerm('types', `media types and endings, as image/* or .pdf, not ${JSON.stringify(type.slice(0, 80))}`)
  })
}

const badTerm = (what: string, expected: string) => new MayflyError('ERR_BAD_OPTION', `Cannot make a drop box: ${what} must be ${expected}`)

/** As it travels and is kept: null for what has no limit. */
export function termsFields({ title, maxBytes, maxFiles, maxFileBytes, types, untilMs }: DropTerms): unknown[] {
  return [title, maxBytes ?? null, maxFiles ?? null, maxFileBytes ?? null, types ?? null, untilMs ?? null]
}

/** @throws {MayflyError} ERR_BAD_FRAME; ERR_BAD_OPTION for terms that no box can have */
export function readTerms(value: unknown): DropTerms {
  const [title, maxBytes, maxFiles, maxFileBytes, types, untilMs] = readTuple(value, 'terms', 6)
  const limits = {
    maxBytes: readOptional(maxBytes, 'maxBytes', readInteger0),
    maxFiles: readOptional(maxFiles, 'maxFiles', readInteger0),
    maxFileBytes: readOptional(maxFileBytes, 'maxFileBytes', readInteger0),
    untilMs: readOptional(untilMs, 'untilMs', readInteger0),
    types: readOptional(types, 'types', (list) =>
      readArray(list, 'types', DROP_LIMITS.maxTypes, (type) => readText(type, 'type', DROP_LIMITS.maxTypeLength)),
    ),
  }
  return cleanTerms({ title: readText(title, 'title', DROP_LIMITS.maxTitleLength), ...withoutUndefined(limits) })
}

const readInteger0 = (value: unknown, name: string) => readInteger(value, name)

type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> }
const withoutUndefined = <T extends object>(value: T): Defined<T> =>
  Object.fromEntries(Object.entries(value).filter(([, entry]) => entry !== undefined)) as Defined<T>
