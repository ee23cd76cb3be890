/** The frames of `/mayfly/share-first/1.0.0`, by which a gateway passes a visitor's messages on to a sharer. Layout and examples: WIRE.md. Pure. */

import { MayflyError } from '../../errors.ts'
import { type Frame, readBytes, readInteger, viewBytesUpTo } from '../../network/index.ts'
import { MAX_FRAME_BYTES } from '../format/share-frames.ts'
import { TAG_BYTES } from './session.ts'

export const FIRST_PROTOCOL = '/mayfly/share-first/1.0.0'
const PIPE_VERSION = 1
/** One record around the largest frame of a share. */
export const MAX_MESSAGE_BYTES = MAX_FRAME_BYTES + TAG_BYTES
export const MAX_PIPE_FRAME_BYTES = MAX_MESSAGE_BYTES + 16

/** By number, which is never used again for something else. */
export const PIPE_REFUSALS = { unknown: 1, busy: 2, wrong: 3, over: 4 } as const
export type PipeRefusal = keyof typeof PIPE_REFUSALS

export type PipeFrame =
  | { type: 'open'; id: Uint8Array }
  | { type: 'opened' }
  /** The end. 'unknown': it has no such share. 'wrong': the visitor does not know its secret. 'over': the sharer is here, and gives no more this way. */
  | { type: 'refuse'; reason: PipeRefusal }
  | { type: 'data'; bytes: Uint8Array }

const TYPES = { open: 1, opened: 2, refuse: 3, data: 4 } as const

export function encodePipeFrame(frame: PipeFrame): Frame {
  const type = TYPES[frame.type]
  if (frame.type === 'open') return [type, PIPE_VERSION, frame.id]
  if (frame.type === 'refuse') return [type, PIPE_REFUSALS[frame.reason]]
  return frame.type === 'data' ? [type, frame.bytes] : [type]
}

/** @throws {MayflyError} ERR_BAD_FRAME */
export function decodePipeFrame([type, a, b]: Frame): PipeFrame {
  switch (type) {
    case TYPES.open:
      readInteger(a, 'version', PIPE_VERSION)
      return { type: 'open', id: readBytes(b, 'share', 32) }
    case TYPES.opened:
      return { type: 'opened' }
    case TYPES.refuse: {
      const number = readInteger(a, 'reason', 255)
      const reason = (Object.keys(PIPE_REFUSALS) as PipeRefusal[]).find((each) => PIPE_REFUSALS[each] === number)
      return { type: 'refuse', reason: reason ?? 'unknown' }
    }
    case TYPES.data:
      return { type: 'data', bytes: viewBytesUpTo(a, 'data', MAX_MESSAGE_BYTES) }
    default:
      throw new MayflyError('ERR_BAD_FRAME', `Not a frame of a first stage: its type is ${String(type)}`)
  }
}
