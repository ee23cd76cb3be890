/**
 * The frames with which a session begins and ends: a hello of each end, a refusal, an end mark. Frames of what the session is for travel
 * between them, with their types moved up by FIRST_TOPIC_TYPE. Pure.
 */

import {
  badField,
  type Frame,
  readArray,
  readBoolean,
  readBytes,
  readBytesUpTo,
  readOptional,
  readText,
  readTuple,
} from '../../network/index.ts'
import type { IdentityProof } from './identity.ts'

/** A proof that its sender knows a room's secret, for this pair of peers alone. */
export interface RoomProof {
  /** The room's key, 32 bytes. */
  room: Uint8Array
  /** 32 bytes. */
  proof: Uint8Array
}

/** The purpose of a session. */
export type Topic =
  /** `trust`: the accepter's own statement that it trusts the opener; an account that was recovered from its words learns its contacts so. */
  | { kind: 'link'; rooms?: RoomProof[]; trust?: Uint8Array }
  | { kind: 'calls'; room?: RoomProof }
  /** `id`: names the channel between the two, so that another session can carry it on; `isMove`: this is that session. */
  | { kind: 'channel'; name: string; room?: RoomProof; id?: Uint8Array; isMove?: boolean }

export interface Hello extends IdentityProof {
  topic: Topic
}

/** Why a session was refused: a code of `MayflyError`. */
export interface SessionRefusal {
  code: string
  text: string
}

export type SessionFrame =
  | ({ type: 'hello' } & Hello)
  | ({ type: 'refused' } & SessionRefusal)
  | { type: 'end' }
  | { type: 'topic'; frame: Frame }

export const HELLO_LIMITS = {
  maxCertificateBytes: 1_024,
  maxDelegationBytes: 1_024,
  /** A statement of trust, with its certificate. */
  maxTrustBytes: 2_048,
  /** Rooms whose secret a peer proves in one hello. */
  maxRooms: 64,
  /** The name of a channel, in UTF-16 units. */
  maxNameLength: 256,
  /** The text of a refusal, in UTF-16 units. */
  maxTextLength: 512,
} as const

const TYPE = { hello: 0, refused: 1, end: 2 } as const
const KIND = { link: 0, calls: 1, channel: 2 } as const
/** Types below it are the session's own. */
export const FIRST_TOPIC_TYPE = 16

const CODE = /^ERR_[A-Z_]{1,40}$/
const PROOF_BYTES = 32
export const CHANNEL_ID_BYTES = 16

export function encodeSessionFrame(frame: SessionFrame): Frame {
  switch (frame.type) {
    case 'hello':
      return [TYPE.hello, frame.certificate, frame.delegation, encodeTopic(frame.topic)]
    case 'refused':
      return [TYPE.refused, frame.code, frame.text.slice(0, HELLO_LIMITS.maxTextLength)]
    case 'end':
      return [TYPE.end]
    case 'topic': {
      const [type, ...fields] = frame.frame
      return [type + FIRST_TOPIC_TYPE, ...fields]
    }
  }
}

/** @throws {MayflyError} ERR_BAD_FRAME */
export function decodeSessionFrame(frame: Frame): SessionFrame {
  const [type, a, b, c] = frame
  if (type >= FIRST_TOPIC_TYPE) return { type: 'topic', frame: [type - FIRST_TOPIC_TYPE, ...frame.slice(1)] }
  switch (type) {
    case TYPE.hello:
      return {
        type: 'hello',
        certificate: readBytesUpTo(a, 'certificate', HELLO_LIMITS.maxCertificateBytes),
        delegation: readBytesUpTo(b, 'delegation', HELLO_LIMITS.maxDelegationBytes),
        topic: decodeTopic(c),
      }
    case TYPE.refused:
      return { type: 'refused', code: readCode(a), text: readText(b, 'text', HELLO_LIMITS.maxTextLength) }
    case TYPE.end:
      return { type: 'end' }
    default:
      throw badField('type', 'one of a session')
  }
}

function encodeTopic(topic: Topic): unknown[] {
  switch (topic.kind) {
    case 'link':
      return [KIND.link, (topic.rooms ?? []).map(encodeProof), ...(topic.trust === undefined ? [] : [topic.trust])]
    case 'calls':
      return [KIND.calls, encodeRoom(topic.room)]
    case 'channel':
      return [KIND.channel, encodeRoom(topic.room), topic.name, ...(topic.id === undefined ? [] : [topic.id, topic.isMove === true])]
  }
}

function decodeTopic(value: unknown): Topic {
  const [kind, a, b, id, isMove] = readTuple(value, 'topic', 2)
  switch (kind) {
    case KIND.link: {
      const rooms = readArray(a, 'rooms', HELLO_LIMITS.maxRooms, decodeProof)
      const trust = b === undefined ? {} : { trust: readBytesUpTo(b, 'trust', HELLO_LIMITS.maxTrustBytes) }
      return { kind: 'link', ...(rooms.length > 0 && { rooms }), ...trust }
    }
    case KIND.calls:
      return { kind: 'calls', ...decodeRoom(a) }
    case KIND.channel:
      return {
        kind: 'channel',
        name: readText(b, 'name', HELLO_LIMITS.maxNameLength),
        ...decodeRoom(a),
        ...(id !== undefined && { id: readBytes(id, 'id', CHANNEL_ID_BYTES) }),
        ...(isMove !== undefined && readBoolean(isMove, 'move') && { isMove: true }),
      }
    default:
      throw badField('topic', 'one that begins with its kind')
  }
}

function encodeProof({ room, proof }: RoomProof): unknown[] {
  return [room, proof]
}

function decodeProof(value: unknown, name: string): RoomProof {
  const [room, proof] = readTuple(value, name, 2)
  return { room: readBytes(room, 'room', PROOF_BYTES), proof: readBytes(proof, 'proof', PROOF_BYTES) }
}

function encodeRoom(room: RoomProof | undefined): unknown {
  return room === undefined ? null : encodeProof(room)
}

function decodeRoom(value: unknown): { room?: RoomProof } {
  const room = readOptional(value, 'room', decodeProof)
  return room === undefined ? {} : { room }
}

function readCode(value: unknown): string {
  if (typeof value !== 'string' || !CODE.test(value)) throw badField('code', 'ERR_ and capital letters')
  return value
}
