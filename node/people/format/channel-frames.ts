/** Frames of a channel's session, encoded and decoded. Pure; limits, states and hex examples are in WIRE.md. */

import { badField, type Frame, readInteger, viewBytesUpTo } from '../../network/index.ts'
import { VALUE_LIMITS } from './value.ts'

export type ChannelFrame =
  | { type: 'message'; data: Uint8Array }
  | { type: 'ping'; nonce: number }
  | { type: 'pong'; nonce: number }
  /** The last frame of its end in this session: what follows comes in the session that carries the channel on. */
  | { type: 'moved' }

const TYPE = { message: 1, ping: 2, pong: 3, moved: 4 } as const

export function encodeChannelFrame(frame: ChannelFrame): Frame {
  switch (frame.type) {
    case 'message':
      return [TYPE.message, frame.data]
    case 'ping':
    case 'pong':
      return [TYPE[frame.type], frame.nonce]
    case 'moved':
      return [TYPE.moved]
  }
}

/** @throws {MayflyError} ERR_BAD_FRAME */
export function decodeChannelFrame([type, a]: Frame): ChannelFrame {
  switch (type) {
    case TYPE.message:
      return { type: 'message', data: viewBytesUpTo(a, 'data', VALUE_LIMITS.maxBytes) }
    case TYPE.ping:
      return { type: 'ping', nonce: readInteger(a, 'nonce') }
    case TYPE.pong:
      return { type: 'pong', nonce: readInteger(a, 'nonce') }
    case TYPE.moved:
      return { type: 'moved' }
    default:
      throw badField('type', `a type of a channel's session, not ${type}`)
  }
}
