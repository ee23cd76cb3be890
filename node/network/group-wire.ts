/** The frames of the groups protocol, written and read: servers that compare and name others. Pure; the wire page is WIRE.md. */

import { MAX_GROUP_BITS } from '../groups/group-bits.ts'
import type { Place } from '../groups/place.ts'
import { badField, readArray, readInteger, viewBytesUpTo } from './fields.ts'
import type { Frame } from './frames.ts'
import { MAX_SERVER_RECORD_BYTES } from './server-record-size.ts'

export const GROUPS_PROTOCOL = '/mayfly/groups/1.0.0'

/** A frame is at most this long, in bytes. */
export const MAX_GROUP_FRAME_BYTES = 65_536
/** Servers in one roster. */
export const MAX_IDS_PER_ROSTER = 1_280
/** Servers that one question fetches, and records in the answer. */
export const MAX_IDS_PER_FETCH = 32
/** Servers of its own group, and of others, that a joiner is told of at once. */
export const MAX_MATES_PER_GROUP = 32
export const MAX_DELEGATES_PER_GROUP = 24
/** The longest group name. */
const MAX_BITS = 32
const MAX_WORD = 2 ** 32 - 1
/** A peer id as a multihash: 38 bytes for Ed25519. */
const MAX_PEER_ID_BYTES = 64

/** @property turn the number of a question, which its answer carries back */
export type GroupFrame =
  | { type: 'compare'; turn: number; bits: number; count: number; mix: number }
  | { type: 'fetch'; turn: number; ids: Uint8Array[] }
  | { type: 'suggest'; turn: number; bits: number; group: number; isPassedOn: boolean; near?: Place }
  | { type: 'spare'; turn: number }
  | { type: 'nearest'; turn: number; place: Place; count: number }
  | { type: 'join'; turn: number; place: Place }
  | { type: 'mates'; turn: number; place: Place }
  | { type: 'roster'; turn: number; ids: Uint8Array[] }
  | { type: 'servers'; turn: number; records: Uint8Array[] }
  | { type: 'spared'; turn: number; isSpare: boolean }
  | { type: 'group'; turn: number; bits: number; isWhole: boolean; size: number; records: Uint8Array[]; delegates: Uint8Array[] }

/** Frame types on the wire: below 16 questions, 16 and above answers. */
const TYPE = {
  ...{ compare: 1, fetch: 2, suggest: 3, spare: 4, nearest: 5, join: 6, mates: 7 },
  ...{ roster: 17, servers: 18, spared: 19, group: 20 },
} as const

export function encodeGroupFrame(frame: GroupFrame): Frame {
  const type = TYPE[frame.type]
  switch (frame.type) {
    case 'compare':
      return [type, frame.turn, frame.bits, frame.count, frame.mix]
    case 'fetch':
      return [type, frame.turn, frame.ids.slice(0, MAX_IDS_PER_FETCH)]
    case 'suggest':
      return [type, frame.turn, frame.bits, frame.group, frame.isPassedOn ? 1 : 0, ...(frame.near ? wordsOf(frame.near) : [])]
    case 'spare':
      return [type, frame.turn]
    case 'nearest':
      return [type, frame.turn, ...wordsOf(frame.place), frame.count]
    case 'join':
    case 'mates':
      return [type, frame.turn, ...wordsOf(frame.place)]
    case 'roster':
      return [type, frame.turn, frame.ids.slice(0, MAX_IDS_PER_ROSTER)]
    case 'servers':
      return [type, frame.turn, frame.records.slice(0, MAX_IDS_PER_FETCH)]
    case 'spared':
      return [type, frame.turn, frame.isSpare ? 1 : 0]
    case 'group': {
      const [records, delegates] = [frame.records.slice(0, MAX_MATES_PER_GROUP), frame.delegates.slice(0, MAX_DELEGATES_PER_GROUP)]
      return [type, frame.turn, frame.bits, frame.isWhole ? 1 : 0, frame.size, records, delegates]
    }
  }
}

/** @throws {MayflyError} ERR_BAD_FRAME */
export function decodeGroupFrame([type, a, b, c, d, e, f]: Frame): GroupFrame {
  const turn = readInteger(a, 'turn')
  switch (type) {
    case TYPE.compare:
      return {
        type: 'compare',
        turn,
        bits: readInteger(b, 'bits', MAX_BITS),
        count: readInteger(c, 'count'),
        mix: readInteger(d, 'mix', MAX_WORD),
      }
    case TYPE.fetch:
      return { type: 'fetch', turn, ids: readArray(b, 'peers', MAX_IDS_PER_FETCH, readPeer) }
    case TYPE.suggest: {
      const bits = readInteger(b, 'bits', MAX_GROUP_BITS)
      const near = e === undefined ? {} : { near: readPlace(e, f) }
      return { type: 'suggest', turn, bits, group: readInteger(c, 'group', 2 ** bits - 1), isPassedOn: d === 1, ...near }
    }
    case TYPE.spare:
      return { type: 'spare', turn }
    case TYPE.nearest:
      return { type: 'nearest', turn, place: readPlace(b, c), count: readInteger(d, 'count') }
    case TYPE.join:
      return { type: 'join', turn, place: readPlace(b, c) }
    case TYPE.mates:
      return { type: 'mates', turn, place: readPlace(b, c) }
    case TYPE.roster:
      return { type: 'roster', turn, ids: readArray(b, 'peers', MAX_IDS_PER_ROSTER, readPeer) }
    case TYPE.servers:
      return { type: 'servers', turn, records: readArray(b, 'records', MAX_IDS_PER_FETCH, readRecord) }
    case TYPE.spared:
      return { type: 'spared', turn, isSpare: b === 1 }
    case TYPE.group:
      return {
        ...{ type: 'group', turn, bits: readInteger(b, 'bits', MAX_GROUP_BITS), isWhole: c === 1, size: readInteger(d, 'size') },
        records: readArray(e, 'records', MAX_MATES_PER_GROUP, readRecord),
        delegates: readArray(f, 'delegates', MAX_DELEGATES_PER_GROUP, readRecord),
      }
    default:
      throw badField('type', `a type of the groups protocol, not ${type}`)
  }
}

const wordsOf = ({ high, low }: Place) => [high, low]
const readPlace = (high: unknown, low: unknown): Place => ({
  high: readInteger(high, 'place', MAX_WORD),
  low: readInteger(low, 'place', MAX_WORD),
})
const readPeer = (value: unknown, name: string) => viewBytesUpTo(value, name, MAX_PEER_ID_BYTES)
const readRecord = (value: unknown, name: string) => viewBytesUpTo(value, name, MAX_SERVER_RECORD_BYTES)
