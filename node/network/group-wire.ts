/** The frames of the groups protocol, written and read: servers that compare which others they know. Pure; the wire page is WIRE.md. */

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
/** The longest group name. */
const MAX_BITS = 32
const MAX_MIX = 2 ** 32 - 1
/** A peer id as a multihash: 38 bytes for Ed25519. */
const MAX_PEER_ID_BYTES = 64

/** @property turn the number of a question, which its answer carries back */
export type GroupFrame =
  | { type: 'compare'; turn: number; bits: number; count: number; mix: number }
  | { type: 'fetch'; turn: number; ids: Uint8Array[] }
  | { type: 'roster'; turn: number; ids: Uint8Array[] }
  | { type: 'servers'; turn: number; records: Uint8Array[] }

/** Frame types on the wire: below 16 questions, 16 and above answers. */
const TYPE = { compare: 1, fetch: 2, roster: 17, servers: 18 } as const

export function encodeGroupFrame(frame: GroupFrame): Frame {
  const type = TYPE[frame.type]
  switch (frame.type) {
    case 'compare':
      return [type, frame.turn, frame.bits, frame.count, frame.mix]
    case 'fetch':
      return [type, frame.turn, frame.ids.slice(0, MAX_IDS_PER_FETCH)]
    case 'roster':
      return [type, frame.turn, frame.ids.slice(0, MAX_IDS_PER_ROSTER)]
    case 'servers':
      return [type, frame.turn, frame.records.slice(0, MAX_IDS_PER_FETCH)]
  }
}

/** @throws {MayflyError} ERR_BAD_FRAME */
export function decodeGroupFrame([type, a, b, c, d]: Frame): GroupFrame {
  const turn = readInteger(a, 'turn')
  switch (type) {
    case TYPE.compare:
      return {
        type: 'compare',
        turn,
        bits: readInteger(b, 'bits', MAX_BITS),
        count: readInteger(c, 'count'),
        mix: readInteger(d, 'mix', MAX_MIX),
      }
    case TYPE.fetch:
      return { type: 'fetch', turn, ids: readArray(b, 'peers', MAX_IDS_PER_FETCH, readPeer) }
    case TYPE.roster:
      return { type: 'roster', turn, ids: readArray(b, 'peers', MAX_IDS_PER_ROSTER, readPeer) }
    case TYPE.servers:
      return { type: 'servers', turn, records: readArray(b, 'records', MAX_IDS_PER_FETCH, readRecord) }
    default:
      throw badField('type', `a type of the groups protocol, not ${type}`)
  }
}

const readPeer = (value: unknown, name: string) => viewBytesUpTo(value, name, MAX_PEER_ID_BYTES)
const readRecord = (value: unknown, name: string) => viewBytesUpTo(value, name, MAX_SERVER_RECORD_BYTES)
