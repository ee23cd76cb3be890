/** A drop box as it is kept over a restart: its key, its secret, its terms, and the submissions that it knows. Pure. */

import { decodeCanonical, encodeCanonical, mustBeArray } from '../../keys/canonical.ts'
import { readArray, readBytes, readInteger, readOptional, readText, readTuple, readWord } from '../../network/fields.ts'
import type { LinkSecrets } from '../format/share-link.ts'
import type { DropTerms } from '../types.ts'
import { MAX_TEXT_LENGTH, SUBMISSION_ID_BYTES } from './drop-frames.ts'
import { DROP_LIMITS, readTerms, termsFields } from './terms.ts'

export interface KnownSubmission {
  id: Uint8Array
  share: LinkSecrets | undefined
  atMs: number
  from: string
  words: string
  /** Files and bytes that were offered. */
  count: number
  bytes: number
  state: 'taking' | 'done' | 'failed' | 'refused'
  text: string
}

export interface BoxRecord {
  /** Ed25519. */
  seed: Uint8Array
  secret: Uint8Array
  terms: DropTerms
  /** When the newest submission came. */
  lastAtMs: number
  submissions: readonly KnownSubmission[]
}

export const MAX_KNOWN_SUBMISSIONS = 1_024
const MAX_RECORD_BYTES = 4_194_304
const VERSION = 1
const STATES = { taking: 0, done: 1, failed: 2, refused: 3 } as const

export function encodeBoxRecord({ seed, secret, terms, lastAtMs, submissions }: BoxRecord): Uint8Array {
  const list = submissions.map(({ id, share, atMs, from, words, count, bytes, state, text }) => [
    id,
    share === undefined ? null : [share.id, share.secret],
    atMs,
    from,
    words,
    count,
    bytes,
    STATES[state],
    text,
  ])
  return encodeCanonical([VERSION, seed, secret, termsFields(terms), lastAtMs, list])
}

/** @throws {MayflyError} ERR_BAD_FRAME */
export function decodeBoxRecord(bytes: Uint8Array): BoxRecord {
  return decodeCanonical('a drop box', bytes, MAX_RECORD_BYTES, (value) => {
    const [version, seed, secret, terms, lastAtMs, list] = mustBeArray(value, 6)
    if (version !== VERSION) throw new Error(`version ${String(version)}`)
    return {
      seed: readBytes(seed, 'seed', 32),
      secret: readBytes(secret, 'secret', 16),
      terms: readTerms(terms),
      lastAtMs: readInteger(lastAtMs, 'time'),
      submissions: readArray(list, 'submissions', MAX_KNOWN_SUBMISSIONS, readKnown),
    }
  })
}

function readKnown(value: unknown): KnownSubmission {
  const [id, share, atMs, from, words, count, bytes, state, text] = readTuple(value, 'submission', 9)
  return {
    id: readBytes(id, 'id', SUBMISSION_ID_BYTES),
    share: readOptional(share, 'share', (pair) => {
      const [key, secret] = readTuple(pair, 'share', 2)
      return { id: readBytes(key, 'share', 32), secret: readBytes(secret, 'secret', 16) }
    }),
    atMs: readInteger(atMs, 'time'),
    from: readText(from, 'from', DROP_LIMITS.maxFromLength),
    words: readText(words, 'words', DROP_LIMITS.maxWordsLength),
    count: readInteger(count, 'count'),
    bytes: readInteger(bytes, 'bytes'),
    state: readWord(state, 'state', STATES),
    text: readText(text, 'text', MAX_TEXT_LENGTH),
  }
}
