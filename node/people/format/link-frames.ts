/** The frames of a link, the one long-lived stream between two instances that know each other; written and read. Pure; WIRE.md describes them. */

import { KEY_BYTES } from '../../keys/index.ts'
import {
  badField,
  type Frame,
  readArray,
  readBytes,
  readBytesUpTo,
  readInteger,
  readOptional,
  readText,
  readTuple,
} from '../../network/index.ts'
import type { Key } from '../../types.ts'
import type { RoomProof } from './hello.ts'

export const LINK_LIMITS = {
  /** UTF-8 bytes of a presence state as JSON. */
  maxStateBytes: 2_048,
  /** Proofs in one frame: all the rooms that one peer may be in. */
  maxRooms: 64,
  /** Bytes of a signed statement: a revocation, or one of trust, with its certificate. */
  maxStatementBytes: 2_048,
  maxStatements: 16,
  /** Bytes of one entry of the contacts book, and entries in one frame. */
  maxEntryBytes: 2_048,
  maxEntries: 16,
  maxAddresses: 8,
  maxAddressLength: 256,
}

/** Characters of a peer id in text form: 52 for Ed25519. */
const MAX_PEER_LENGTH = 128

/** Where the sender can be reached, as `WayTarget` has it. It is sent first, and again when the home has changed. */
export interface WhereFrame {
  type: 'where'
  home: string
  addresses: string[]
}
export interface StateFrame {
  type: 'state'
  /** The room in which the state is shown; to contacts and own instances when left out. */
  room: Key | undefined
  /** Counts the states of the sender. Of two sessions with one instance, the higher number is the newer state. */
  sequence: number
  /** JSON; undefined takes the state back. */
  text: string | undefined
}
/** The sender is in these rooms. */
export interface EnterFrame {
  type: 'enter'
  rooms: RoomProof[]
}
export interface LeaveFrame {
  type: 'leave'
  room: Key
}
export interface RevocationsFrame {
  type: 'revocations'
  statements: Uint8Array[]
}
export interface TrustFrame {
  type: 'trust'
  statement: Uint8Array
}
/** Between instances of one account: the digest of the sender's contacts book. */
export interface BookFrame {
  type: 'book'
  digest: Uint8Array
}
export interface EntriesFrame {
  type: 'entries'
  entries: Uint8Array[]
}
/** The receiver's book has another digest: it asks for the entries. */
export interface WantBookFrame {
  type: 'want-book'
}

export type LinkFrame =
  | WhereFrame
  | StateFrame
  | EnterFrame
  | LeaveFrame
  | RevocationsFrame
  | TrustFrame
  | BookFrame
  | EntriesFrame
  | WantBookFrame
  | { type: 'ping' | 'pong' }

const TYPE = {
  where: 1,
  state: 2,
  enter: 3,
  leave: 4,
  revocations: 5,
  trust: 6,
  book: 7,
  'want-book': 8,
  entries: 9,
  ping: 10,
  pong: 11,
} as const

export function encodeLinkFrame(frame: LinkFrame): Frame {
  const type = TYPE[frame.type]
  switch (frame.type) {
    case 'where':
      return [type, frame.home, frame.addresses.filter(isShort).slice(0, LINK_LIMITS.maxAddresses)]
    case 'state':
      return [type, frame.room ?? null, frame.sequence, frame.text ?? null]
    case 'enter':
      return [type, frame.rooms.map(({ room, proof }) => [room, proof])]
    case 'leave':
      return [type, frame.room]
    case 'revocations':
      return [type, frame.statements]
    case 'trust':
      return [type, frame.statement]
    case 'book':
      return [type, frame.digest]
    case 'entries':
      return [type, frame.entries]
    case 'want-book':
    case 'ping':
    case 'pong':
      return [type]
  }
}

/** @returns undefined for a type of a later version. @throws {MayflyError} ERR_BAD_FRAME */
export function decodeLinkFrame([type, a, b, c]: Frame): LinkFrame | undefined {
  switch (type) {
    case TYPE.where:
      return {
        type: 'where',
        home: readText(a, 'home', MAX_PEER_LENGTH),
        addresses: readArray(b, 'addresses', LINK_LIMITS.maxAddresses, readAddress),
      }
    case TYPE.state:
      return {
        type: 'state',
        room: readOptional(a, 'room', readKey),
        sequence: readInteger(b, 'sequence'),
        text: readOptional(c, 'state', readState),
      }
    case TYPE.enter:
      return { type: 'enter', rooms: readArray(a, 'rooms', LINK_LIMITS.maxRooms, readProof) }
    case TYPE.leave:
      return { type: 'leave', room: readKey(a, 'room') }
    case TYPE.revocations:
      return { type: 'revocations', statements: readArray(a, 'statements', LINK_LIMITS.maxStatements, readStatement) }
    case TYPE.trust:
      return { type: 'trust', statement: readStatement(a, 'statement') }
    case TYPE.book:
      return { type: 'book', digest: readBytes(a, 'digest', KEY_BYTES) }
    case TYPE['want-book']:
      return { type: 'want-book' }
    case TYPE.entries:
      return { type: 'entries', entries: readArray(a, 'entries', LINK_LIMITS.maxEntries, readEntry) }
    case TYPE.ping:
      return { type: 'ping' }
    case TYPE.pong:
      return { type: 'pong' }
    default:
      return undefined
  }
}

const isShort = (address: string) => address.length <= LINK_LIMITS.maxAddressLength
const readKey = (value: unknown, name: string): Key => readBytes(value, name, KEY_BYTES)
const readAddress = (value: unknown, name: string) => readText(value, name, LINK_LIMITS.maxAddressLength)
const readStatement = (value: unknown, name: string) => readBytesUpTo(value, name, LINK_LIMITS.maxStatementBytes)
const readEntry = (value: unknown, name: string) => readBytesUpTo(value, name, LINK_LIMITS.maxEntryBytes)

function readProof(value: unknown, name: string): RoomProof {
  const [room, proof] = readTuple(value, name, 2)
  return { room: readKey(room, name), proof: readBytes(proof, name, KEY_BYTES) }
}

/** JSON of at most so many bytes. It is parsed where it is shown. */
function readState(value: unknown, name: string): string {
  const text = readText(value, name, LINK_LIMITS.maxStateBytes)
  if (new TextEncoder().encode(text).byteLength > LINK_LIMITS.maxStateBytes)
    throw badField(name, `at most ${LINK_LIMITS.maxStateBytes} bytes`)
  try {
    JSON.parse(text)
  } catch {
    throw badField(name, 'JSON')
  }
  return text
}
