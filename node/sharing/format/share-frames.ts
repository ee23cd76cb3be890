/** The frames of `/mayfly/share/1.0.0`. Layout, states and examples: WIRE.md. Pure. */

import { MayflyError } from '../../errors.ts'
import {
  type Frame,
  readArray,
  readBoolean,
  readBytes,
  readBytesUpTo,
  readInteger,
  readOptional,
  readText,
  readTuple,
  readWord,
} from '../../network/index.ts'
import type { ShareCode, ShareRules, ShareWay } from '../types.ts'
import { type Chosen, chosenOf, idsOf } from './chosen.ts'
import { ENTRY_LIMITS, type ListedEntry, readEntry } from './share-entry.ts'

export const SHARE_PROTOCOL = '/mayfly/share/1.0.0'
export const SHARE_VERSION = 1
export const RECEIVER_BYTES = 16
export const MAX_LABEL_LENGTH = 80
export const MAX_PASSWORD_LENGTH = 256
export const MAX_PROBLEM_LENGTH = 200
/** The largest is a page of entries, of which one may be a long text. */
export const MAX_FRAME_BYTES = 327_680
export const MAX_PAGES = ENTRY_LIMITS.maxEntries
/** A session description, and more than browsers make of it. */
const MAX_SIGNAL_BYTES = 32_768
/** Bytes of content in one frame of a first stage. */
export const MAX_PART_BYTES = 65_536
/** The most that a part may leave to come: a piece, or content that travels whole. */
const MAX_LEFT_BYTES = 2 ** 31 - 1
/** Entries of one progress frame. */
const MAX_REPORTS = 256

const TYPES = {
  hello: 1,
  welcome: 2,
  refuse: 3,
  password: 4,
  list: 5,
  page: 6,
  take: 7,
  asked: 8,
  taken: 9,
  progress: 10,
  saved: 11,
  way: 12,
  ended: 13,
  problem: 14,
  signal: 15,
  want: 16,
  part: 17,
} as const

/** By number, which is never used again for something else. */
export const SHARE_CODES: Readonly<Record<ShareCode, number>> = {
  ERR_SHARE_WRONG: 1,
  ERR_SHARE_ENDED: 2,
  ERR_SHARE_EXPIRED: 3,
  ERR_SHARE_USED: 4,
  ERR_SHARE_PASSWORD: 5,
  ERR_SHARE_LOCKED: 6,
  ERR_SHARE_REFUSED: 7,
  ERR_SHARE_FULL: 8,
}

const WAYS: Readonly<Record<ShareWay, number>> = { direct: 0, socket: 1, relayed: 2, turn: 3 }

/** The rules that a receiver sees before it takes anything. */
export type SeenRules = Pick<ShareRules, 'receivers' | 'untilMs' | 'ask' | 'stopAfterFirst'>

export type ShareFrame =
  /** `takesOffer`: this receiver answers the sharer's offer of a direct connection. */
  | { type: 'hello'; id: Uint8Array; proof: Uint8Array; receiver: Uint8Array; label: string; takesOffer?: boolean }
  /** `offers`: the sharer's offer follows. */
  | { type: 'welcome'; publicKey: Uint8Array; signature: Uint8Array; rules: SeenRules; needsPassword: boolean; offers?: boolean }
  /** Ends the conversation, but for a wrong password while there are tries left. */
  | { type: 'refuse'; code: ShareCode; triesLeft: number }
  | { type: 'password'; password: string }
  | { type: 'list'; sequence: number; pages: number; signature: Uint8Array }
  | { type: 'page'; sequence: number; entries: ListedEntry[]; fields: unknown[][] }
  | { type: 'take'; entries: number[] | undefined }
  | { type: 'asked' }
  /** The entries that are given now; undefined: those that were wanted, as sharers of version 0.8.0 say. */
  | { type: 'taken'; entries: Chosen | undefined }
  | { type: 'progress'; reports: [entry: number, bytes: number][] }
  | { type: 'saved'; entry: number }
  | { type: 'way'; way: ShareWay }
  | { type: 'ended'; code: ShareCode }
  /** The receiver cannot save. Empty: it can again. */
  | { type: 'problem'; text: string }
  /** Of an offer of a direct connection, or of its answer. */
  | { type: 'signal'; bytes: Uint8Array }
  /** In a first stage alone. A piece of the entry's content as it travels, from 0; undefined: the hashes of its pieces. */
  | { type: 'want'; entry: number; piece: number | undefined }
  /** Answers the oldest `want` without one. `left`: bytes of the answer that follow. */
  | { type: 'part'; left: number; bytes: Uint8Array }

export function encodeShareFrame(frame: ShareFrame): Frame {
  const type = TYPES[frame.type]
  switch (frame.type) {
    case 'hello':
      return [type, SHARE_VERSION, frame.id, frame.proof, frame.receiver, frame.label, ...(frame.takesOffer ? [true] : [])]
    case 'welcome': {
      const { receivers, untilMs, ask = false, stopAfterFirst = false } = frame.rules
      const seen = [receivers ?? null, untilMs ?? null, ask, stopAfterFirst]
      return [type, frame.publicKey, frame.signature, seen, frame.needsPassword, ...(frame.offers ? [true] : [])]
    }
    case 'refuse':
      return [type, SHARE_CODES[frame.code], frame.triesLeft]
    case 'password':
      return [type, frame.password]
    case 'list':
      return [type, frame.sequence, frame.pages, frame.signature]
    case 'page':
      return [type, frame.sequence, frame.fields]
    case 'take':
      return [type, frame.entries ?? null]
    case 'asked':
      return [type]
    case 'taken':
      return frame.entries === undefined ? [type] : [type, idsOf(frame.entries) ?? null]
    case 'progress':
      return [type, frame.reports]
    case 'saved':
      return [type, frame.entry]
    case 'way':
      return [type, WAYS[frame.way]]
    case 'ended':
      return [type, SHARE_CODES[frame.code]]
    case 'problem':
      return [type, frame.text]
    case 'signal':
      return [type, frame.bytes]
    case 'want':
      return [type, frame.entry, frame.piece ?? null]
    case 'part':
      return [type, frame.left, frame.bytes]
  }
}

/** @throws {MayflyError} ERR_BAD_FRAME */
export function decodeShareFrame([type, a, b, c, d, e, f]: Frame): ShareFrame {
  switch (type) {
    case TYPES.hello:
      if (a !== SHARE_VERSION)
        throw new MayflyError('ERR_BAD_FRAME', `A hello of version ${String(a)}; ${SHARE_VERSION} is understood here`)
      return {
        type: 'hello',
        id: readBytes(b, 'share', 32),
        proof: readBytes(c, 'proof', 32),
        receiver: readBytes(d, 'receiver', RECEIVER_BYTES),
        label: readText(e, 'label', MAX_LABEL_LENGTH),
        ...(f === true && { takesOffer: true }),
      }
    case TYPES.welcome:
      return {
        type: 'welcome',
        publicKey: readBytes(a, 'public key', 32),
        signature: readBytes(b, 'signature', 64),
        rules: readRules(c),
        needsPassword: readBoolean(d, 'password'),
        ...(e === true && { offers: true }),
      }
    case TYPES.refuse:
      return { type: 'refuse', code: readWord(a, 'code', SHARE_CODES), triesLeft: readInteger(b, 'tries', 255) }
    case TYPES.password:
      return { type: 'password', password: readText(a, 'password', MAX_PASSWORD_LENGTH) }
    case TYPES.list:
      return {
        type: 'list',
        sequence: readInteger(a, 'sequence'),
        pages: readInteger(b, 'pages', MAX_PAGES),
        signature: readBytes(c, 'signature', 64),
      }
    case TYPES.page: {
      const fields = readArray(b, 'entries', ENTRY_LIMITS.maxPageEntries, (entry) => entry as unknown[])
      return { type: 'page', sequence: readInteger(a, 'sequence'), entries: fields.map(readEntry), fields }
    }
    case TYPES.take:
      return { type: 'take', entries: readOptional(a, 'entries', readIds) }
    case TYPES.asked:
      return { type: 'asked' }
    case TYPES.taken:
      return { type: 'taken', entries: a === undefined ? undefined : chosenOf(readOptional(a, 'entries', readIds)) }
    case TYPES.progress:
      return { type: 'progress', reports: readArray(a, 'progress', MAX_REPORTS, readReport) }
    case TYPES.saved:
      return { type: 'saved', entry: readId(a) }
    case TYPES.way:
      return { type: 'way', way: readWord(a, 'way', WAYS) }
    case TYPES.ended:
      return { type: 'ended', code: readWord(a, 'code', SHARE_CODES) }
    case TYPES.problem:
      return { type: 'problem', text: readText(a, 'problem', MAX_PROBLEM_LENGTH) }
    case TYPES.signal:
      return { type: 'signal', bytes: readBytesUpTo(a, 'signal', MAX_SIGNAL_BYTES) }
    case TYPES.want:
      return { type: 'want', entry: readId(a), piece: readOptional(b, 'piece', readInteger) }
    case TYPES.part:
      return { type: 'part', left: readInteger(a, 'left', MAX_LEFT_BYTES), bytes: readBytesUpTo(b, 'part', MAX_PART_BYTES) }
    default:
      throw new MayflyError('ERR_BAD_FRAME', `Not a frame of a share: its type is ${String(type)}`)
  }
}

const readId = (value: unknown) => readInteger(value, 'entry')
const readIds = (value: unknown) => readArray(value, 'entries', ENTRY_LIMITS.maxEntries, readId)

function readReport(value: unknown): [entry: number, bytes: number] {
  const [entry, bytes] = readTuple(value, 'progress', 2)
  return [readId(entry), readInteger(bytes, 'bytes')]
}

function readRules(value: unknown): SeenRules {
  const [receivers, untilMs, ask, stopAfterFirst] = readTuple(value, 'rules', 4)
  const count = readOptional(receivers, 'receivers', readInteger)
  const until = readOptional(untilMs, 'until', readInteger)
  return {
    ...(count !== undefined && { receivers: count }),
    ...(until !== undefined && { untilMs: until }),
    ask: readBoolean(ask, 'ask'),
    stopAfterFirst: readBoolean(stopAfterFirst, 'stop after the first'),
  }
}

export function outOfPlace({ type }: { type: string }): MayflyError {
  return new MayflyError('ERR_BAD_FRAME', `A ${type} frame of a share is out of place`)
}
