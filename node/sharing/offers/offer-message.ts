/** The words between instances about offers, as the data of calls of one module. Layout and examples: WIRE.md. Pure. */

import { refusePath } from '../../content/index.ts'
import { badField, readArray, readBytes, readInteger, readOptional, readText, readTuple, readWord } from '../../network/index.ts'
import { DROP_LIMITS } from '../boxes/terms.ts'
import { LINK_SECRET_BYTES, type LinkSecrets } from '../format/share-link.ts'
import type { OfferFacts } from '../offer-types.ts'
import type { DropOffer } from '../types.ts'

export const OFFER_MODULE = 'mayfly-share-offer'

export const OFFER_LIMITS = {
  maxWordsLength: DROP_LIMITS.maxWordsLength,
  /** Files that an offer names, and characters of their paths and types together; it may be of more. */
  maxFiles: 1_000,
  maxNamesLength: 131_072,
  maxTextLength: 500,
} as const

export const OFFER_ID_BYTES = 16
export const RECEIVER_BYTES = 16

const TYPES = { offer: 1, answer: 2, over: 3 } as const

/**
 * How an offer stands at an instance. 'busy', 'closed': it is not shown there now, for a limit, or since nobody takes files there. 'failed': it was
 * taken, and cannot be received until what the text says is mended.
 */
const STATES = { asked: 0, taken: 1, done: 2, failed: 3, refused: 4, over: 5, busy: 6, closed: 7 } as const
export type AnswerState = keyof typeof STATES

export interface OfferAnswer {
  state: AnswerState
  /** Of the share; with taken, done and failed. */
  receiver: Uint8Array | undefined
  text: string
}

const REASONS = { withdrawn: 0, taken: 1 } as const
export type OverReason = keyof typeof REASONS

/** 'known': it counts. 'late': another instance has the offer. 'unknown': there is no such offer. */
const REPLIES = { known: 0, late: 1, unknown: 2 } as const
export type AnswerReply = keyof typeof REPLIES

export interface OfferMessage extends Pick<OfferFacts, 'words' | 'count' | 'bytes' | 'files'> {
  type: 'offer'
  offer: Uint8Array
  share: LinkSecrets
}

export type OffersMessage =
  | OfferMessage
  | { type: 'answer'; offer: Uint8Array; answer: OfferAnswer }
  | { type: 'over'; offer: Uint8Array; reason: OverReason }

type Plain = null | number | string | Uint8Array | readonly Plain[]

export function encodeMessage(message: OffersMessage): Plain {
  const { offer } = message
  switch (message.type) {
    case 'offer': {
      const { share, words, count, bytes, files } = message
      const list = files.map(({ path, size, mediaType }) => [path, size, mediaType])
      return [TYPES.offer, offer, share.id, share.secret, words, count, bytes, list]
    }
    case 'answer':
      return [TYPES.answer, offer, ...encodeAnswer(message.answer)]
    case 'over':
      return [TYPES.over, offer, REASONS[message.reason]]
  }
}

/** @throws {MayflyError} ERR_BAD_FRAME */
export function decodeMessage(value: unknown): OffersMessage {
  const fields = readArray(value, 'message', 8, (item) => item)
  const offer = readBytes(fields[1], 'offer', OFFER_ID_BYTES)
  switch (fields[0]) {
    case TYPES.offer: {
      const [, , id, secret, words, count, bytes, files] = readTuple(value, 'offer', 8)
      return mustAddUp({
        ...{ type: 'offer', offer },
        share: { id: readBytes(id, 'share', 32), secret: readBytes(secret, 'secret', LINK_SECRET_BYTES) },
        words: readText(words, 'words', OFFER_LIMITS.maxWordsLength),
        count: readInteger(count, 'count'),
        bytes: readInteger(bytes, 'bytes'),
        files: readArray(files, 'files', OFFER_LIMITS.maxFiles, readFile),
      })
    }
    case TYPES.answer:
      return { type: 'answer', offer, answer: decodeAnswer(fields.slice(2)) }
    case TYPES.over:
      return { type: 'over', offer, reason: readWord(fields[2], 'reason', REASONS) }
    default:
      throw badField('type', 'that of a message about an offer')
  }
}

export const encodeAnswer = ({ state, receiver, text }: OfferAnswer): Plain[] => [
  STATES[state],
  receiver ?? null,
  text.slice(0, OFFER_LIMITS.maxTextLength).toWellFormed(),
]

/** @throws {MayflyError} ERR_BAD_FRAME */
export function decodeAnswer(value: unknown): OfferAnswer {
  const [state, receiver, text] = readTuple(value, 'answer', 3)
  return {
    state: readWord(state, 'state', STATES),
    receiver: readOptional(receiver, 'receiver', (bytes) => readBytes(bytes, 'receiver', RECEIVER_BYTES)),
    text: readText(text, 'text', OFFER_LIMITS.maxTextLength),
  }
}

export const encodeReply = (reply: AnswerReply): number => REPLIES[reply]

/** @throws {MayflyError} ERR_BAD_FRAME */
export const decodeReply = (value: unknown): AnswerReply => readWord(value, 'reply', REPLIES)

type NamedFile = DropOffer['files'][number]

/** As many of the files, from the first, as one offer names. */
export function namedFiles(files: readonly NamedFile[]): NamedFile[] {
  const named: NamedFile[] = []
  let length = 0
  for (const { path, size, mediaType } of files) {
    const type = mediaType.length > DROP_LIMITS.maxTypeLength ? '' : mediaType
    length += path.length + type.length
    if (named.length === OFFER_LIMITS.maxFiles || length > OFFER_LIMITS.maxNamesLength) break
    named.push({ path, size, mediaType: type })
  }
  return named
}

function readFile(value: unknown): NamedFile {
  const [path, size, mediaType] = readTuple(value, 'file', 3)
  const name = readText(path, 'path', DROP_LIMITS.maxPathBytes)
  const fault = refusePath(name)
  if (fault !== undefined) throw badField('path', `that of a file, which cannot have ${fault}`)
  return { path: name, size: readInteger(size, 'size'), mediaType: readText(mediaType, 'type', DROP_LIMITS.maxTypeLength) }
}

/** The person decides by the numbers: they are those of the files. */
function mustAddUp(message: OfferMessage): OfferMessage {
  const { count, bytes, files } = message
  const named = files.reduce((sum, { size }) => sum + size, 0)
  if (count === 0 || count < files.length) throw badField('count', 'the number of all files, at least 1')
  if (bytes < named || (count === files.length && bytes !== named)) throw badField('bytes', 'the sum of all sizes')
  return message
}
