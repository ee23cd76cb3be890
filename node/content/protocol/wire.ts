/** Encodes and decodes the frames of the content protocol. Pure. WIRE.md has its limits, states and hex examples. */

import { KEY_BYTES } from '../../keys/index.ts'
import { badField, type Frame, readArray, readBytes, readInteger, readWord, viewBytesUpTo } from '../../network/index.ts'
import type { Key } from '../../types.ts'
import { MAX_PIECES } from '../format/outline.ts'

export const CONTENT_PROTOCOL = '/mayfly/content/1.0.0'

/**
 * Bytes of content in one frame: few enough that the next answer on the stream does not wait. Each chunk but the last is exactly this long,
 * so that a peer which sends slowly, in crumbs, is found out after a few of them.
 */
export const CHUNK_BYTES = 65_536 - 256
/** The longest frame, in bytes. */
export const MAX_CONTENT_FRAME_BYTES = 65_536

/** Where the answer may come from. `own`: what the answering peer or its tabs hold. `network`: any holder, for a home's own tabs. */
export const ASK_SCOPE = { own: 0, network: 1 } as const
export type AskScope = (typeof ASK_SCOPE)[keyof typeof ASK_SCOPE]

/** Why there is no content. The number travels. */
export const NO_CONTENT = { 'not-held': 1, busy: 2, 'too-large': 3, unavailable: 4, 'no-network': 5 } as const
export type NoContent = keyof typeof NO_CONTENT

/** `bundle`: the key of a bundle that has the content as a file. Its holders can be asked for the file, which need not be announced. */
export type AskFrame = { type: 'ask'; id: number; key: Key; scope: AskScope; bundle?: Key }
/** Requests one piece of content, by the SHA-256 of its outline, which the requesting peer has. Another outline means other content. */
export type AskPieceFrame = { type: 'ask-piece'; id: number; key: Key; index: number; scope: AskScope; outline: Key; bundle?: Key }
/** Requests the numbers of the pieces that the other peer has, now and as they come. */
export type FollowPiecesFrame = { type: 'follow-pieces'; id: number; key: Key; outline: Key }
/**
 * The next bytes of the content, or of its outline where it is larger than one piece. The first chunk may be the last. `total` is the size of
 * the whole content or outline, in bytes; the same in each chunk.
 */
export type ChunkFrame = { type: 'chunk' | 'outline-chunk'; id: number; total: number; bytes: Uint8Array }
/** The first answer to `follow-pieces`: the pieces that are there; see `PieceSet.encode`. The requesting peer checks whether they fit the outline. */
export type PiecesFrame = { type: 'pieces'; id: number; bitmap: Uint8Array }
/** The pieces that have come since. */
export type MorePiecesFrame = { type: 'more-pieces'; id: number; indexes: number[] }

export type ContentFrame =
  | AskFrame
  | AskPieceFrame
  | FollowPiecesFrame
  | ChunkFrame
  | PiecesFrame
  | MorePiecesFrame
  | { type: 'cancel'; id: number }
  | { type: 'none'; id: number; reason: NoContent }

/** A request without its number, which the stream gives it. */
export type RequestFrame = Omit<AskFrame, 'id'> | Omit<AskPieceFrame, 'id'> | Omit<FollowPiecesFrame, 'id'>

const TYPE = {
  ask: 1,
  cancel: 2,
  'ask-piece': 3,
  'follow-pieces': 4,
  chunk: 17,
  none: 18,
  'outline-chunk': 19,
  pieces: 20,
  'more-pieces': 21,
} as const

export function encodeContent(frame: ContentFrame): Frame {
  const type = TYPE[frame.type]
  switch (frame.type) {
    case 'ask':
      return [type, frame.id, frame.key, frame.scope, ...(frame.bundle ? [frame.bundle] : [])]
    case 'ask-piece':
      return [type, frame.id, frame.key, frame.index, frame.scope, frame.outline, ...(frame.bundle ? [frame.bundle] : [])]
    case 'follow-pieces':
      return [type, frame.id, frame.key, frame.outline]
    case 'cancel':
      return [type, frame.id]
    case 'pieces':
      return [type, frame.id, frame.bitmap]
    case 'more-pieces':
      return [type, frame.id, frame.indexes]
    case 'chunk':
    case 'outline-chunk':
      return [type, frame.id, frame.total, frame.bytes]
    case 'none':
      return [type, frame.id, NO_CONTENT[frame.reason]]
  }
}

/** @throws {MayflyError} ERR_BAD_FRAME */
export function decodeContent([type, rawId, a, b, c, d, e]: Frame): ContentFrame {
  const id = readInteger(rawId, 'id')
  switch (type) {
    case TYPE.ask:
      return { type: 'ask', id, key: readKey(a, 'key'), scope: readScope(b), ...readBundle(c) }
    case TYPE['ask-piece']:
      return {
        type: 'ask-piece',
        id,
        key: readKey(a, 'key'),
        index: readInteger(b, 'piece'),
        scope: readScope(c),
        outline: readKey(d, 'outline'),
        ...readBundle(e),
      }
    case TYPE['follow-pieces']:
      return { type: 'follow-pieces', id, key: readKey(a, 'key'), outline: readKey(b, 'outline') }
    case TYPE.cancel:
      return { type: 'cancel', id }
    case TYPE.chunk:
    case TYPE['outline-chunk']: {
      const [total, bytes] = [readInteger(a, 'total'), viewBytesUpTo(b, 'chunk', MAX_CONTENT_FRAME_BYTES)]
      return { type: type === TYPE.chunk ? 'chunk' : 'outline-chunk', id, total, bytes }
    }
    case TYPE.pieces:
      return { type: 'pieces', id, bitmap: viewBytesUpTo(a, 'bitmap', MAX_CONTENT_FRAME_BYTES) }
    case TYPE['more-pieces']: {
      const indexes = readArray(a, 'list of pieces', MAX_PIECES, readInteger)
      if (indexes.length === 0) throw badField('list of pieces', 'at least one')
      return { type: 'more-pieces', id, indexes }
    }
    case TYPE.none:
      return { type: 'none', id, reason: readWord(a, 'reason', NO_CONTENT) }
    default:
      throw badField('type', 'one of the content protocol')
  }
}

const readKey = (value: unknown, name: string): Key => readBytes(value, name, KEY_BYTES)

const readBundle = (value: unknown) => (value === undefined ? {} : { bundle: readKey(value, 'bundle') })

const readScope = (value: unknown) => readInteger(value, 'scope', ASK_SCOPE.network) as AskScope
