/** The frames of `/mayfly/drop/1.0.0`. Layout, states and examples: WIRE.md. Pure. */

import { MayflyError } from '../../errors.ts'
import {
  type Frame,
  readArray,
  readBytes,
  readInteger,
  readOptional,
  readText,
  readTuple,
  readWord,
  viewBytesUpTo,
} from '../../network/index.ts'
import { LINK_SECRET_BYTES, type LinkSecrets } from '../format/share-link.ts'
import type { DropNews, DropOffer, DropRefusal, DropRefusalCode, DropTerms } from '../types.ts'
import { DROP_LIMITS, readTerms, termsFields } from './terms.ts'

export const DROP_VERSION = 1
export const SUBMISSION_ID_BYTES = 16
/** Of one `data` frame. */
export const MAX_DATA_BYTES = 65_536
export const MAX_TEXT_LENGTH = 500
/** The largest is an offer: a thousand names of 250 bytes. */
export const MAX_FRAME_BYTES = 278_528

const TYPES = {
  hello: 1,
  welcome: 2,
  refuse: 3,
  offer: 4,
  asked: 5,
  accepted: 6,
  refused: 7,
  news: 8,
  put: 9,
  data: 10,
  end: 11,
  stored: 12,
} as const

/** By number, which is never used again for something else. */
export const DROP_REFUSALS: Readonly<Record<DropRefusalCode, number>> = {
  over: 1,
  count: 2,
  size: 3,
  type: 4,
  name: 5,
  words: 6,
  empty: 7,
  asked: 8,
  busy: 9,
  silent: 10,
  disk: 11,
  damaged: 12,
}

/** Answers to a hello that does not open the box. */
export const HELLO_REFUSALS = { wrong: 1, over: 2, busy: 3 } as const
export type HelloRefusal = keyof typeof HELLO_REFUSALS

const NEWS: Readonly<Record<DropNews['state'], number>> = { taking: 0, done: 1, failed: 2, over: 3 }

const KEY_BYTES = 32
const SIGNATURE_BYTES = 64

export interface OfferFrame extends DropOffer {
  type: 'offer'
  submission: Uint8Array
  share: LinkSecrets | undefined
}

export interface PutFrame {
  type: 'put'
  path: string
  size: number | undefined
  mediaType: string
  from: string
  words: string
}

export type DropFrame =
  | { type: 'hello'; box: Uint8Array; proof: Uint8Array }
  | { type: 'welcome'; publicKey: Uint8Array; signature: Uint8Array; terms: DropTerms }
  | { type: 'refuse'; refusal: HelloRefusal }
  | OfferFrame
  | { type: 'asked' | 'accepted'; submission: Uint8Array }
  | { type: 'refused'; submission: Uint8Array; refusal: DropRefusal }
  | { type: 'news'; submission: Uint8Array; news: DropNews }
  | PutFrame
  | { type: 'data'; bytes: Uint8Array }
  | { type: 'end'; sha256: Uint8Array }
  | { type: 'stored'; size: number; sha256: Uint8Array }

export function encodeDropFrame(frame: DropFrame): Frame {
  const type = TYPES[frame.type]
  switch (frame.type) {
    case 'hello':
      return [type, DROP_VERSION, frame.box, frame.proof]
    case 'welcome':
      return [type, frame.publicKey, frame.signature, termsFields(frame.terms)]
    case 'refuse':
      return [type, HELLO_REFUSALS[frame.refusal]]
    case 'offer': {
      const { submission, share, from, words, files } = frame
      const list = files.map(({ path, size, mediaType }) => [path, size, mediaType])
      return [type, submission, share === undefined ? null : [share.id, share.secret], from, words, list]
    }
    case 'asked':
    case 'accepted':
      return [type, frame.submission]
    case 'refused':
      return [type, frame.submission, DROP_REFUSALS[frame.refusal.code], cutText(frame.refusal.text)]
    case 'news':
      return [type, frame.submission, NEWS[frame.news.state], cutText(frame.news.text)]
    case 'put':
      return [type, frame.path, frame.size ?? null, frame.mediaType, frame.from, frame.words]
    case 'data':
      return [type, frame.bytes]
    case 'end':
      return [type, frame.sha256]
    case 'stored':
      return [type, frame.size, frame.sha256]
  }
}

/** @throws {MayflyError} ERR_BAD_FRAME */
export function decodeDropFrame([type, a, b, c, d, e]: Frame): DropFrame {
  switch (type) {
    case TYPES.hello:
      if (a !== DROP_VERSION) throw new MayflyError('ERR_BAD_FRAME', `A hello of version ${String(a)}; ${DROP_VERSION} is understood here`)
      return { type: 'hello', box: readBytes(b, 'box', KEY_BYTES), proof: readBytes(c, 'proof', KEY_BYTES) }
    case TYPES.welcome:
      return {
        type: 'welcome',
        publicKey: readBytes(a, 'public key', KEY_BYTES),
        signature: readBytes(b, 'signature', SIGNATURE_BYTES),
        terms: readTerms(c),
      }
    case TYPES.refuse:
      return { type: 'refuse', refusal: readWord(a, 'refusal', HELLO_REFUSALS) }
    case TYPES.offer:
      return {
        type: 'offer',
        submission: readSubmission(a),
        share: readOptional(b, 'share', readShare),
        from: readText(c, 'from', DROP_LIMITS.maxFromLength),
        words: readText(d, 'words', DROP_LIMITS.maxWordsLength),
        files: readArray(e, 'files', DROP_LIMITS.maxFiles, readFile),
      }
    case TYPES.asked:
      return { type: 'asked', submission: readSubmission(a) }
    case TYPES.accepted:
      return { type: 'accepted', submission: readSubmission(a) }
    case TYPES.refused: {
      const refusal = { code: readWord(b, 'code', DROP_REFUSALS), text: readText(c, 'text', MAX_TEXT_LENGTH) }
      return { type: 'refused', submission: readSubmission(a), refusal }
    }
    case TYPES.news:
      return {
        type: 'news',
        submission: readSubmission(a),
        news: { state: readWord(b, 'state', NEWS), text: readText(c, 'text', MAX_TEXT_LENGTH) },
      }
    case TYPES.put:
      return {
        type: 'put',
        path: readText(a, 'path', DROP_LIMITS.maxPathBytes),
        size: readOptional(b, 'size', readSize),
        mediaType: readText(c, 'type', DROP_LIMITS.maxTypeLength),
        from: readText(d, 'from', DROP_LIMITS.maxFromLength),
        words: readText(e, 'words', DROP_LIMITS.maxWordsLength),
      }
    case TYPES.data:
      return { type: 'data', bytes: viewBytesUpTo(a, 'data', MAX_DATA_BYTES) }
    case TYPES.end:
      return { type: 'end', sha256: readBytes(a, 'sha256', KEY_BYTES) }
    case TYPES.stored:
      return { type: 'stored', size: readInteger(a, 'size'), sha256: readBytes(b, 'sha256', KEY_BYTES) }
    default:
      throw new MayflyError('ERR_BAD_FRAME', `Not a frame of a drop box: its type is ${String(type)}`)
  }
}

const readSubmission = (value: unknown) => readBytes(value, 'submission', SUBMISSION_ID_BYTES)
const readSize = (value: unknown, name: string) => readInteger(value, name)

function readShare(value: unknown): LinkSecrets {
  const [id, secret] = readTuple(value, 'share', 2)
  return { id: readBytes(id, 'share', KEY_BYTES), secret: readBytes(secret, 'secret', LINK_SECRET_BYTES) }
}

function readFile(value: unknown): DropOffer['files'][number] {
  const [path, size, mediaType] = readTuple(value, 'file', 3)
  return {
    path: readText(path, 'path', DROP_LIMITS.maxPathBytes),
    size: readInteger(size, 'size'),
    mediaType: readText(mediaType, 'type', DROP_LIMITS.maxTypeLength),
  }
}

/** Words of an error may be longer than what travels. */
function cutText(text: string): string {
  return text.length <= MAX_TEXT_LENGTH ? text : `${text.slice(0, MAX_TEXT_LENGTH - 1).toWellFormed()}…`
}
